"""What mattered, against errors that are made by a formula."""

from dataclasses import replace

import pytest

from made_up_trials import with_trials
from nas_tc.report import effects


@pytest.fixture(scope="module")
def found(study):
    return effects(with_trials(study, 90))


def of(found, factor, stage):
    return next(each for each in found.found if (each.factor, each.stage) == (factor, stage))


def test_what_lowers_the_error_at_equal_cost_is_found_with_its_size(found):
    layer = of(found, "depth", 2)
    assert layer.is_clear
    assert abs(layer.points - -2) <= layer.within  # 2 points a layer
    assert layer.within < 2.5  # 359 images, some 40 networks
    assert str(layer).startswith("one layer more in stage 2 gains ")
    assert layer in found.clear


def test_what_does_nothing_has_an_interval_about_nothing(found):
    for factor, stage in (("filter", 1), ("width", 3), ("stride", 3)):
        effect = of(found, factor, stage)
        assert not effect.is_clear, effect
    assert of(found, "depth", 2).importance > of(found, "filter", 1).importance


def test_the_range_of_costs_is_the_upper_third_of_the_budget(found, study):
    most = study.settings["budget"]["complexity"]
    assert (found.least, found.most) == (most * 2 // 3, most)


def test_where_nothing_mattered_nothing_is_claimed(study):
    nothing = effects(with_trials(study, 60, error=lambda *_: 0.3, noise=0.02))
    # 5 % of the intervals miss what is true; they are of 20 choices.
    assert len(nothing.clear) <= 3


def test_a_small_study_says_that_it_is_small(study):
    assert effects(with_trials(study, 8)) == (
        "7 networks of the space are trained to the end; a model of the error needs 8"
    )
    assert "networks of the space are trained" in effects(study)  # genes of another space


def test_a_space_of_another_version_is_no_fault(study):
    space = {**study.settings["space"], "stages": [{"depth": [1], "new": [1, 2]}]}
    record = replace(study, settings={**study.settings, "space": space})
    assert "does not know the form" in effects(record)
