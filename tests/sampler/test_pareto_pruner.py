import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_tc.errors import NasTcError
from nas_tc.sampler import ParetoPruner

optuna.logging.set_verbosity(optuna.logging.ERROR)
trials = st.lists(st.tuples(st.integers(1, 9), st.floats(0, 1)), min_size=1, max_size=20)


def pruned(others, own, **settings):
    """Whether a trial is stopped that comes after others; each is (cost, error)."""
    study = optuna.create_study(pruner=ParetoPruner(**settings))
    for cost, error in others:
        trial = study.ask()
        trial.set_user_attr("complexity", cost)
        trial.report(error, 3)
    trial = study.ask()
    trial.set_user_attr("complexity", own[0])
    trial.report(own[1], 3)
    return trial.should_prune()


@given(trials, st.integers(1, 9), st.floats(0, 1))
def test_dearer_trials_do_not_matter(others, cost, error):
    no_dearer = [each for each in others if each[0] <= cost]
    assert pruned(others, (cost, error)) == pruned(no_dearer, (cost, error))


@given(trials, st.integers(1, 9))
def test_the_best_for_its_cost_is_never_stopped(others, cost):
    least = min((error for other, error in others if other <= cost), default=0.0)
    assert not pruned(others, (cost, least), grace=0)


@given(trials, st.integers(1, 9), st.floats(0, 1), st.floats(0, 1))
def test_a_better_trial_goes_on_where_a_worse_one_does(others, cost, one, other):
    better, worse = sorted((one, other))
    assert pruned(others, (cost, better)) <= pruned(others, (cost, worse))


def test_the_best_share_goes_on_and_some_behind_it():
    others = [(1, n / 10) for n in range(1, 9)]
    assert not pruned(others, (1, 0.25))
    assert pruned(others, (1, 0.35))
    assert not pruned(others, (1, 0.45), reduction_factor=2)
    assert pruned(others, (1, 0.55), reduction_factor=2)
    assert pruned(others, (1, 0.25), grace=0)
    assert not pruned(others, (1, 0.9), grace=7)


@given(st.integers(1, 9), st.floats(0, 1))
def test_the_first_two_go_on(cost, error):
    assert not pruned([], (cost, error), grace=0)
    assert not pruned([(1, 0.0)], (cost, error))


def test_only_the_same_rung_counts_and_trials_without_a_cost_do_not():
    study = optuna.create_study(pruner=ParetoPruner(grace=0))
    for _ in range(4):
        elsewhere = study.ask()
        elsewhere.set_user_attr("complexity", 1)
        elsewhere.report(0.1, 6)
        study.ask().report(0.1, 3)  # another search's, without a cost
    trial = study.ask()
    trial.set_user_attr("complexity", 1)
    assert not trial.should_prune()  # nothing is reported yet
    trial.report(0.9, 3)
    assert not trial.should_prune()


def test_the_cost_may_be_called_otherwise():
    study = optuna.create_study(pruner=ParetoPruner("latency_ms", grace=0))
    for error in (0.1, 0.2, 0.9):
        trial = study.ask()
        trial.set_user_attr("latency_ms", 2.5)
        trial.report(error, 1)
    assert trial.should_prune()


def test_a_reading_is_compared_where_both_trials_have_it():
    study = optuna.create_study(pruner=ParetoPruner(grace=0, reading="train_losses"))

    def begun(error, losses=None):
        trial = study.ask()
        trial.set_user_attr("complexity", 1)
        if losses is not None:
            trial.set_user_attr("train_losses", losses)
        trial.report(error, 3)
        return trial

    for loss in (1.2, 1.3):
        begun(0.9, {"1": 9.0, "3": loss})
    assert begun(0.1, {"3": 1.4}).should_prune()
    assert not begun(0.95, {"3": 1.1}).should_prune()
    # Values of other steps, or of one trial alone, say nothing: the errors 0.9, 0.9, 0.1, 0.95.
    for nothing in (None, {}, {"1": 0.0}):
        assert not begun(0.05, nothing).should_prune()
        assert begun(0.96, nothing).should_prune()


def test_finished_trials_are_rivals_too():
    study = optuna.create_study(pruner=ParetoPruner())
    for state in (optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED):
        trial = study.ask()
        trial.set_user_attr("complexity", 1)
        trial.report(0.1, 3)
        study.tell(trial, 0.1 if state == optuna.trial.TrialState.COMPLETE else None, state=state)
    trial = study.ask()
    trial.set_user_attr("complexity", 1)
    trial.report(0.2, 3)
    assert trial.should_prune()


def test_it_prunes_under_optimize():
    def objective(trial):
        error = trial.suggest_float("error", 0, 1)
        trial.set_user_attr("complexity", trial.suggest_int("cost", 1, 9))
        for rung in range(3):
            trial.report(error, rung)
            if trial.should_prune():
                raise optuna.TrialPruned
        return error

    sampler = optuna.samplers.RandomSampler(seed=0)
    study = optuna.create_study(sampler=sampler, pruner=ParetoPruner())
    study.optimize(objective, n_trials=60, n_jobs=2)
    states = [trial.state.name for trial in study.trials]
    assert states.count("PRUNED") > 15
    # what nothing beats at its cost or below went on to the end
    least = min(study.trials, key=lambda trial: trial.params["error"])
    assert least.state.name == "COMPLETE"


def test_what_it_cannot_work_with_is_told():
    with pytest.raises(NasTcError, match=r"a reduction factor above 1 and .* not 1 and 1"):
        ParetoPruner(reduction_factor=1.0)
    trial = optuna.create_study(pruner=ParetoPruner()).ask()
    trial.report(0.5, 1)
    with pytest.raises(NasTcError, match="trial 0 has no user attribute 'complexity'"):
        trial.should_prune()


@pytest.mark.parametrize("names", [(None, None), ("same", "same")])
def test_one_pruner_for_two_studies_compares_within_each(names):
    pruner = ParetoPruner()
    stopped = []
    for name, error in zip(names, (0.1, 0.5), strict=True):
        study = optuna.create_study(study_name=name, pruner=pruner)
        for _ in range(8):
            trial = study.ask()
            trial.set_user_attr("complexity", 1)
            trial.report(error, 1)
            stopped.append(trial.should_prune())
            study.tell(trial, error)
    assert not any(stopped)
