"""The network that a report recommends."""

from dataclasses import replace

from nas_tc.report import manifest, recommended
from nas_tc.study import Rerun


def with_reruns(record, errors):
    """The record with reruns of some trials: number to validation errors."""
    trials = []
    for trial in record.trials:
        seeds = enumerate(errors.get(trial.number, ()), start=1)
        reruns = tuple(Rerun(seed, error, error) for seed, error in seeds)
        trials.append(replace(trial, reruns=reruns))
    return replace(record, trials=tuple(trials))


def test_without_reruns_and_with_few_trials_it_is_the_best_observed(study):
    choice = recommended(study)
    assert choice.trial == study.best
    assert "too few for a model" in choice.evidence
    assert manifest(study)["recommended"]["trial"] == study.best.number


def test_reruns_decide(study):
    cheap, expensive = study.front
    assert cheap.val_error > expensive.val_error
    again = with_reruns(study, {cheap.number: (0.1, 0.12), expensive.number: (0.2, 0.16)})
    choice = recommended(again)
    assert choice.trial.number == cheap.number
    assert "error 11.00 ± 1.41 % over 2 trainings" in choice.evidence
    assert choice.model is None


def test_reruns_of_a_part_of_the_front_do_not_decide(study):
    cheap, expensive = study.front
    choice = recommended(with_reruns(study, {cheap.number: (0.1, 0.12)}))
    assert choice.trial.number == expensive.number
    assert choice.model is not None


def test_what_was_not_timed_is_not_recommended_under_a_limit_on_time(study):
    budget = {**study.settings["budget"], "times": [{"name": "latency"}]}
    timed = replace(study, settings={**study.settings, "budget": budget})
    assert recommended(timed) is None
    cheap, _ = study.front
    trials = tuple(
        replace(t, times={"latency": {"ms": 1.0}}) if t.number == cheap.number else t
        for t in study.trials
    )
    assert recommended(replace(timed, trials=trials)).trial.number == cheap.number


def test_nothing_is_recommended_of_nothing(study):
    empty = replace(study, trials=tuple(t for t in study.trials if t.state != "complete"))
    assert recommended(empty) is None
    assert manifest(empty)["recommended"] is None
