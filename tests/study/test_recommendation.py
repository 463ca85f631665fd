"""Which network to take when errors are noisy."""

from dataclasses import replace

import numpy as np
import pytest
from optuna.distributions import IntDistribution

from nas_tc.errors import StudyError
from nas_tc.study import Tried, recommend, recommend_network, recommendation

GRID = {name: IntDistribution(0, 9) for name in "xyz"}


def tried(seed, many=60, noise=0.05):
    """Errors that fall with x and rise with z; costs that rise with both."""
    random = np.random.default_rng(seed)
    found, truth = [], []
    for number in range(many):
        params = {name: int(random.integers(10)) for name in "xyz"}
        true = 0.3 - 0.02 * params["x"] + 0.01 * params["z"]
        truth.append(true)
        cost = 1.0 + params["x"] + params["y"]
        found.append(Tried(number, params, cost, true + random.normal(0, noise)))
    return found, truth


def test_it_is_better_than_the_best_observed():
    ours, lucky = [], []
    for seed in range(12):
        found, truth = tried(seed)
        chosen = recommend(found, GRID, most=14)
        ours.append(truth[chosen.choice.number])
        lucky.append(truth[chosen.best_observed.number])
    assert np.mean(ours) < np.mean(lucky)


def test_of_many_trials_a_model_learns_the_best_and_an_even_share(monkeypatch):
    monkeypatch.setattr(recommendation, "_MOST_LEARNED", 30)
    found, truth = tried(0, many=200, noise=0.001)
    chosen = recommend(found, GRID, most=14)
    assert 20 <= chosen.trials <= 30
    assert truth[chosen.choice.number] < 0.02 + min(truth)


def test_the_evidence_is_right():
    found, truth = tried(0)
    chosen = recommend(found, GRID, most=14)
    assert chosen.choice.cost <= 14
    assert chosen.within == sum(each.cost <= 14 for each in found)
    assert chosen.trials == 60
    assert chosen.best_observed.error == min(each.error for each in found if each.cost <= 14)
    assert abs(chosen.expected - truth[chosen.choice.number]) < 4 * chosen.spread
    assert 0.02 < chosen.noise < 0.1
    assert str(chosen.choice.number) in str(chosen)


def test_without_noise_it_is_the_best_observed():
    found, _ = tried(3, noise=0.0)
    assert recommend(found, GRID).choice.error == min(each.error for each in found)


def test_a_setting_that_was_run_again_counts_with_its_mean():
    first, *rest = tried(0)[0]
    lucky = replace(first, error=0.0)
    again = [replace(first, number=100 + n, error=1.0) for n in range(3)]
    chosen = recommend([lucky, *rest, *again], GRID)
    assert chosen.best_observed.number != first.number
    assert chosen.within == len(rest) + 4
    few = recommend([lucky, replace(first, number=9, error=0.5)], GRID)
    assert (few.choice.number, few.choice.error, few.choice.trainings) == (first.number, 0.25, 2)
    assert "observed error 25.00 % (mean of 2 trainings)" in str(few)


def test_of_a_few_the_best_observed_is_taken():
    found, _ = tried(0, many=5)
    chosen = recommend(found, GRID)
    assert chosen.is_best_observed
    assert (chosen.expected, chosen.spread) == (chosen.choice.error, None)
    assert "too few for a model" in str(chosen)


def test_a_range_is_kept_and_one_without_trials_is_told():
    found, _ = tried(0)
    assert 5 <= recommend(found, GRID, 8, least=5).choice.cost <= 8
    with pytest.raises(StudyError, match=r"none of 60 complete trials costs at most 0\.5"):
        recommend(found, GRID, 0.5)


def test_a_study_of_networks_is_read(study):
    chosen = recommend_network(study.trials)
    assert chosen.choice.number == study.best.number
    cheapest = study.front[0]
    assert recommend_network(study.trials, cheapest.complexity).choice.number == cheapest.number


def trial_of(study, number, error, genes, complexity=1000):
    return replace(
        study.trials[0],
        number=number,
        val_errors={1: error},
        genes=genes,
        complexity=complexity,
    )


def members_of(study, many=12):
    """Networks of a space whose errors fall by 1 % with each step of a gene."""
    random = np.random.default_rng(0)
    noise = random.normal(0, 0.005, many)
    return [
        trial_of(study, n, 0.5 - 0.01 * n + noise[n], {"width": n}, 1000 + n) for n in range(many)
    ]


def test_networks_out_of_space_alone_are_recommended_by_what_was_observed(study):
    outside = [trial_of(study, n, 0.5 - 0.01 * n, {}, 1000 + n) for n in range(10)]
    chosen = recommend_network(outside)
    assert (chosen.choice.number, chosen.spread, chosen.within) == (9, None, 10)
    assert "too few for a model" in str(chosen)
    assert recommend_network(outside, 1004).choice.number == 4


def test_a_network_out_of_space_is_taken_where_it_is_clearly_better(study):
    members = members_of(study)
    chosen = recommend_network([*members, trial_of(study, 12, 0.1, {})])
    assert chosen.choice.number == chosen.best_observed.number == 12
    assert (chosen.expected, chosen.spread, chosen.within) == (0.1, None, 13)
    assert str(chosen).endswith("the least of 13; no model covers it")


def test_a_network_out_of_space_that_is_no_better_leaves_it_to_the_model(study):
    members = members_of(study)
    alone = recommend_network(members)
    outsider = trial_of(study, 12, min(alone.best_observed.error, alone.expected) - 1e-6, {})
    chosen = recommend_network([*members, outsider])
    assert chosen.choice == alone.choice
    assert (chosen.best_observed.number, chosen.within, chosen.trials) == (12, 13, 12)
    assert "rather than the best observed, trial 12" in str(chosen)


def test_a_network_out_of_space_within_a_budget_without_members(study):
    members = members_of(study)
    assert recommend_network([*members, trial_of(study, 12, 0.9, {}, 10)], 10).choice.number == 12


def test_settings_without_parameters_have_no_model():
    found, _ = tried(0)
    chosen = recommend([replace(each, params={}) for each in found], {})
    assert chosen.is_best_observed
    assert chosen.spread is None
