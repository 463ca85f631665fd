"""What a search found against the best baseline."""

from dataclasses import replace

import pytest

from nas_tc.report import against_baseline, recommended
from nas_tc.study.spread import Rerun


def with_baseline(study, error, **changed):
    """The handmade study with a guest of this error as a baseline, 359 validation images."""
    guest = replace(
        study.trials[2], number=9, genes={}, baseline="vgg", val_errors={2: error}, **changed
    )
    return replace(study, trials=(*study.trials, guest))


def test_the_difference_has_the_error_of_both(study):
    record = with_baseline(study, 0.3)
    assert [trial.baseline for trial in record.baselines] == ["vgg"]
    found = against_baseline(record, recommended(record))
    assert found.difference == pytest.approx(0.3 - 0.1)
    counted = (0.3 * 0.7 / 359 + 0.1 * 0.9 / 359) ** 0.5
    assert found.error == pytest.approx(counted)
    assert str(found).startswith("better than the best baseline (vgg, ")
    assert str(found).endswith(f") by 20.00 ± {100 * counted:.2f} points")


@pytest.mark.parametrize(
    ("error", "words"),
    [(0.12, "better than"), (0.05, "not better than the best baseline (vgg, ")],
)
def test_chance_and_defeat_are_said(study, error, words):
    record = with_baseline(study, error)
    said = str(against_baseline(record, recommended(record)))
    assert said.startswith(words)
    assert said.endswith(", which may be chance" if error > 0.1 else " points")


def test_reruns_count_alone(study):
    reruns = tuple(Rerun(seed, error, error) for seed, error in ((1, 0.20), (2, 0.22)))
    own = tuple(Rerun(seed, error, error) for seed, error in ((1, 0.10), (2, 0.14)))
    record = with_baseline(study, 0.01, reruns=reruns)
    trials = tuple(
        replace(trial, reruns=own) if trial.number in (0, 1) else trial for trial in record.trials
    )
    record = replace(record, trials=trials)
    found = against_baseline(record, recommended(record))
    assert found.difference == pytest.approx(0.21 - 0.12)
    assert found.error == pytest.approx((0.01**2 + 0.02**2) ** 0.5)


def test_a_baseline_of_the_space_may_be_what_is_recommended(study):
    best = study.best
    trials = tuple(
        replace(trial, baseline="vgg") if trial.number == best.number else trial
        for trial in study.trials
    )
    record = replace(study, trials=trials)
    assert record.best.number == best.number
    said = str(against_baseline(record, recommended(record)))
    assert said.endswith("which is what is recommended")


def test_without_baselines_there_is_nothing_to_say(study):
    assert against_baseline(study, recommended(study)) is None


def test_of_another_metric_the_images_tell_no_error(study):
    record = with_baseline(study, 0.3)
    record = replace(record, settings={**record.settings, "metric": "balanced_error"})
    found = against_baseline(record, recommended(record))
    assert found.error is None
    assert str(found).endswith(" by 20.00 points, which may be chance")
