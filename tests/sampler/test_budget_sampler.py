"""What any Optuna sampler has to do, and what this one promises beyond."""

import pickle
from collections import Counter

import numpy as np
import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState, create_trial

from nas_tc.errors import BudgetError
from nas_tc.sampler import BudgetSampler

optuna.logging.set_verbosity(optuna.logging.ERROR)

FOREST = {
    "trees": IntDistribution(1, 300, log=True),
    "depth": IntDistribution(2, 20, step=2),
    "share": FloatDistribution(0.1, 1.0),
    "rate": FloatDistribution(1e-4, 1e-1, log=True),
    "cut": FloatDistribution(0, 1, step=0.25),
    "kind": CategoricalDistribution(["a", "b", None]),
    "size": CategoricalDistribution([1, 2, 4]),
}
SMALL = {"x": IntDistribution(0, 6), "kind": CategoricalDistribution(["a", "b"])}


def forest_cost(params):
    return params["trees"] * 2 ** params["depth"] * params["share"] * params["size"]


def error(params):
    return 1 / (1 + params["trees"]) + abs(params["share"] - 0.5) + (params["kind"] is None)


def fits(params, limit, floor=0.0):
    return floor <= forest_cost(params) <= limit


@pytest.mark.parametrize(("limit", "floor"), [(1e4, 0), (5e3, 4e3), (20, 0), (1e8, 1e7)])
def test_every_proposal_is_within_the_band_and_new(limit, floor):
    sampler = BudgetSampler(FOREST, forest_cost, limit, floor=floor, seed=0)
    study = optuna.create_study(sampler=sampler)
    for _ in range(25):
        trial = study.ask(FOREST)
        study.tell(trial, error(trial.params))
    assert all(fits(trial.params, limit, floor) for trial in study.trials)
    assert len({tuple(trial.params.items()) for trial in study.trials}) == 25


def test_the_best_of_noisy_settings_are_run_again_if_that_is_wanted():
    words = {f"word{n}": CategoricalDistribution(["a", "b", "c", "d"]) for n in range(5)}

    def truth(key):
        return sum("abcd".index(letter) for letter in key) / 15

    def run(repeats, seed):
        random = np.random.default_rng(seed)
        sampler = BudgetSampler(words, lambda _: 1.0, 1.0, seed=seed, repeats=repeats)
        study = optuna.create_study(sampler=sampler)
        for _ in range(60):
            trial = study.ask(words)
            study.tell(trial, truth(trial.params.values()) + random.normal(0, 0.2))
        return Counter(tuple(trial.params.values()) for trial in study.trials)

    assert len(run(repeats=False, seed=0)) == 60
    again, all_ = [], []
    for seed in range(3):
        counts = run(repeats=True, seed=seed)
        assert 30 < len(counts) < 60
        again += [truth(key) for key, many in counts.items() if many > 1]
        all_ += [truth(key) for key in counts]
    assert np.mean(again) < 0.8 * np.mean(all_)


def test_the_best_are_looked_at_in_turn_where_nothing_else_promises_anything():
    words = {f"word{n}": CategoricalDistribution(["a", "b", "c", "d"]) for n in range(4)}
    sampler = BudgetSampler(words, lambda _: 1.0, 1.0, seed=0, repeats=True)
    study = optuna.create_study(sampler=sampler)
    for _ in range(80):
        trial = study.ask(words)
        study.tell(trial, sum("abcd".index(letter) for letter in trial.params.values()) ** 0.5)
    looks = Counter(tuple(trial.params.values()) for trial in study.trials)
    most = sorted(looks.values())[-4:]
    # The error of one is known for certain, so the model expects nothing of any other.
    assert len(looks) < 70
    assert most[0] >= 2
    assert most[-1] - most[0] <= 2
    assert looks["a", "a", "a", "a"] > 1


def test_it_works_with_optimize_in_threads_and_with_a_pruner():
    def objective(trial):
        params = {
            "trees": trial.suggest_int("trees", 1, 300, log=True),
            "depth": trial.suggest_int("depth", 2, 20, step=2),
            "share": trial.suggest_float("share", 0.1, 1.0),
            "rate": trial.suggest_float("rate", 1e-4, 1e-1, log=True),
            "cut": trial.suggest_float("cut", 0, 1, step=0.25),
            "kind": trial.suggest_categorical("kind", ["a", "b", None]),
            "size": trial.suggest_categorical("size", [1, 2, 4]),
        }
        trial.suggest_float("not told of", 0, 1)
        for rung in (1, 2):
            trial.report(error(params) / rung, rung)
            if trial.should_prune():
                raise optuna.TrialPruned
        return error(params)

    sampler = BudgetSampler(FOREST, forest_cost, 1e4, seed=0)
    pruner = optuna.pruners.MedianPruner(n_startup_trials=3)
    study = optuna.create_study(sampler=sampler, pruner=pruner)
    study.optimize(objective, n_trials=40, n_jobs=4)
    assert {trial.state for trial in study.trials} == {TrialState.COMPLETE, TrialState.PRUNED}
    assert all(fits(trial.params, 1e4) for trial in study.trials)
    assert len({tuple(trial.params.items()) for trial in study.trials}) == 40


def test_trials_of_others_are_learned_from_and_not_repeated():
    sampler = BudgetSampler(SMALL, lambda p: p["x"] + 1, 4, seed=0)
    study = optuna.create_study(sampler=sampler)
    space = {**SMALL, "other": FloatDistribution(0, 1)}
    whole = {"x": 2, "kind": "a", "other": 0.5}
    study.add_trial(create_trial(params=whole, distributions=space, value=0.5))
    study.add_trial(create_trial(params={"x": 1}, distributions={"x": SMALL["x"]}, value=0.1))
    study.add_trial(
        create_trial(params={"other": 1}, distributions={"other": space["other"]}, value=9)
    )
    wide = {"x": IntDistribution(0, 99), "kind": SMALL["kind"]}
    study.add_trial(
        create_trial(params={"x": 77, "kind": "b"}, distributions=wide, value=float("inf"))
    )
    study.add_trial(create_trial(params={}, distributions={}, state=TrialState.FAIL))
    study.add_trial(create_trial(params={"x": 6, "kind": "b"}, distributions=SMALL, value=0.1))
    found = []
    while sampler.has_next(study):
        trial = study.ask(SMALL)
        found.append((trial.params["x"], trial.params["kind"]))
        study.tell(trial, trial.params["x"])
    assert sorted(found) == sorted((x, k) for x in range(4) for k in "ab" if (x, k) != (2, "a"))


def test_an_exhausted_space_is_proposed_again_rather_than_nothing():
    study = optuna.create_study(sampler=BudgetSampler(SMALL, lambda p: p["x"] + 1, 1, seed=0))
    found = [study.ask(SMALL).params for _ in range(4)]
    assert {each["x"] for each in found} == {0}
    assert {each["kind"] for each in found[:2]} == {"a", "b"}


def test_what_is_queued_is_taken_and_completed_within_the_limit():
    sampler = BudgetSampler(FOREST, forest_cost, 1e4, seed=0)
    study = optuna.create_study(sampler=sampler)
    study.enqueue_trial({"trees": 200})
    trial = study.ask(FOREST)
    assert trial.params["trees"] == 200
    assert fits(trial.params, 1e4)
    whole = dict(trial.params, trees=3)
    study.enqueue_trial(whole)
    assert study.ask(FOREST).params == whole


def test_settings_that_mean_the_same_are_proposed_once():
    grid = {name: IntDistribution(0, 3) for name in "xy"}
    sampler = BudgetSampler(
        grid,
        lambda p: p["x"] + p["y"],
        3,
        seed=0,
        canonical=lambda p: {"x": min(p["x"], p["y"]), "y": max(p["x"], p["y"])},
    )
    study = optuna.create_study(sampler=sampler)
    found = []
    while sampler.has_next(study):
        trial = study.ask(grid)
        found.append((trial.params["x"], trial.params["y"]))
        study.tell(trial, 1.0)
    assert sorted(found) == [(x, y) for x in range(4) for y in range(x, 4) if x + y <= 3]


def test_a_resumed_study_goes_on_as_if_it_had_not_stopped():
    def run(new_after):
        sampler = BudgetSampler(FOREST, forest_cost, 1e4, seed=5)
        study = optuna.create_study(sampler=sampler)
        for number in range(30):
            if number == new_after:
                study.sampler = BudgetSampler(FOREST, forest_cost, 1e4, seed=5)
            trial = study.ask(FOREST)
            study.tell(trial, error(trial.params))
        return [trial.params for trial in study.trials]

    assert run(None) == run(13) == run(25)


def test_several_in_flight_differ_and_an_interrupted_sampler_can_be_kept():
    sampler = BudgetSampler(FOREST, forest_cost, 1e4, seed=0)
    study = optuna.create_study(sampler=sampler)
    for _ in range(15):
        trial = study.ask(FOREST)
        study.tell(trial, error(trial.params))
    study.sampler = pickle.loads(pickle.dumps(sampler))
    running = [study.ask(FOREST).params for _ in range(10)]
    assert len({tuple(each.items()) for each in running}) == 10
    assert all(fits(each, 1e4) for each in running)


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_the_model_finds_better_settings_than_even_draws(direction):
    names = [f"x{n}" for n in range(8)]
    grid = {name: IntDistribution(0, 4) for name in names}
    sign = 1 if direction == "minimize" else -1

    def value(params):
        return sign * sum((params[name] - n % 3) ** 2 for n, name in enumerate(names))

    def best_of(sampler):
        study = optuna.create_study(sampler=sampler, direction=direction)
        for _ in range(40):
            trial = study.ask(grid)
            study.tell(trial, value(trial.params))
        return sign * study.best_value

    even = np.mean([best_of(optuna.samplers.RandomSampler(seed)) for seed in range(3)])
    ours = np.mean(
        [best_of(BudgetSampler(grid, lambda p: sum(p.values()), 16, seed=s)) for s in range(3)]
    )
    assert ours < even / 2


def test_errors_that_are_all_the_same_do_no_harm():
    sampler = BudgetSampler(FOREST, forest_cost, 1e4, seed=0)
    study = optuna.create_study(sampler=sampler)
    for _ in range(20):
        study.tell(study.ask(FOREST), 0.5)
    assert all(fits(trial.params, 1e4) for trial in study.trials)


@pytest.mark.parametrize("distributions", [FOREST, SMALL])
def test_a_limit_that_nothing_fits_is_told_in_a_line(distributions):
    cost = forest_cost if distributions is FOREST else lambda p: p["x"] + 1
    with pytest.raises(BudgetError, match=r"no setting is found with a cost within 0\.1") as caught:
        BudgetSampler(distributions, cost, 0.1)
    assert "\n" not in str(caught.value)


def test_a_floor_above_the_limit_is_told():
    with pytest.raises(BudgetError, match="the floor 5 is above the limit 4"):
        BudgetSampler(SMALL, lambda p: 1.0, 4, floor=5)


@given(st.integers(0, 2**32 - 1))
def test_a_narrow_band_far_from_even_draws_is_walked_to(seed):
    sampler = BudgetSampler(FOREST, forest_cost, 3e8, floor=2.9e8, seed=seed)
    trial = optuna.create_study(sampler=sampler).ask(FOREST)
    assert fits(trial.params, 3e8, 2.9e8)


@pytest.mark.parametrize("names", [(None, None), ("same", "same")])
def test_one_sampler_for_two_studies_knows_the_trials_of_each(names):
    def proposals(sampler, name):
        study = optuna.create_study(study_name=name, sampler=sampler)
        for _ in range(18):
            trial = study.ask(FOREST)
            study.tell(trial, error(trial.params))
        return [trial.params for trial in study.trials]

    both = BudgetSampler(FOREST, forest_cost, 1e4, seed=0)
    first, second = (proposals(both, name) for name in names)
    assert first == second == proposals(BudgetSampler(FOREST, forest_cost, 1e4, seed=0), None)
