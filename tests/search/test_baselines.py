"""Known networks that are trained beside a search's trials."""

import json
from dataclasses import replace
from itertools import pairwise

import optuna
import pandas as pd
import pytest
from optuna.trial import TrialState

from nas_tc.architecture import Architecture
from nas_tc.budget import parse_budget, resolve_budget
from nas_tc.cost import complexity
from nas_tc.data import load_data
from nas_tc.errors import BudgetError, UnknownNameError
from nas_tc.recipe import Recipe
from nas_tc.report import recommended, write_report
from nas_tc.search import NullListener
from nas_tc.search.baselines import (
    excess_of,
    next_baseline,
    parse_baselines,
    queue_baselines,
)
from nas_tc.search.settings import Settings
from nas_tc.search.trials import ask
from nas_tc.space import load_space
from nas_tc.study import weights_file
from nas_tc.study.storage import open_study, requeue_running
from nas_tc.timing import Setting, TimeLimit
from recording_listener import RecordingListener


def settings_at(budget, times=()):
    data = load_data("digits")
    space = load_space("plain-32").at(data.shape, 10)
    limit = resolve_budget(parse_budget(budget), data.shape, 10)
    return Settings(space, limit, data, Recipe(epochs=1), seed=0, times=times)


def queued(study):
    waiting = study.get_trials(states=(TrialState.WAITING,))
    return {trial.user_attrs.get("baseline"): trial for trial in waiting}


def network_of(trial):
    return Architecture.from_dict(trial.user_attrs["guest"])


def test_they_are_landmarks_beside_the_trials(tiny_search, tmp_path):
    listener = RecordingListener()
    record = tiny_search(baselines="vgg,resnet", trials=4, listener=listener)
    assert record.done == 4
    assert sorted(trial.baseline for trial in record.baselines) == ["resnet", "vgg"]
    assert {trial.number for trial in record.baselines} == {0, 1}
    numbers = {trial.number for trial in record.baselines}
    for trial in record.baselines:
        assert trial.complexity <= 400_000
        assert set(trial.val_errors) == {1, 2}
        assert trial.test_error is not None
        assert weights_file(record.path, trial.number).is_file()
        assert trial.is_landmark
    assert not numbers & {trial.number for trial in (*record.complete, *record.front)}
    assert recommended(record).trial.number not in numbers
    write_report(record, tmp_path / "report")
    front = pd.read_csv(tmp_path / "report" / "pareto.csv")
    assert set(front["baseline"].dropna()) == {"vgg", "resnet"}
    assert not front[front["on_front"]]["baseline"].notna().any()
    trials = pd.read_csv(tmp_path / "report" / "trials.csv")
    assert trials["baseline"].notna().sum() == 2
    manifest = json.loads((tmp_path / "report" / "manifest.json").read_text())
    assert sum(manifest["trials"].values()) == len(record.trials) - 2
    assert manifest["baselines"]["vgg"]["test_error"] is not None
    assert "the best baseline (" in manifest["against_baselines"]
    lent = tiny_search("500k", study="lent.db", trials=1, start=[str(record.path)])
    assert not {t.architecture for t in lent.trials} & {t.architecture for t in record.baselines}
    again = tiny_search(baselines="vgg,resnet", trials=4)
    assert [t.number for t in again.trials] == [t.number for t in record.trials]


def test_a_finished_study_without_them_trains_them_and_nothing_else(tiny_search):
    before = tiny_search(trials=3)
    assert before.baselines == ()
    after = tiny_search(trials=3, baselines="vgg")
    assert after.done == before.done
    assert [trial.baseline for trial in after.baselines] == ["vgg"]
    assert len(after.trials) == len(before.trials) + 1
    assert after.trials[: len(before.trials)] == before.trials


def test_the_best_of_them_is_trained_again_with_the_front(tiny_search):
    record = tiny_search(baselines="vgg", trials=2, reruns=2)
    assert [len(trial.reruns) for trial in (*record.front, *record.baselines)] == [2] * (
        len(record.front) + 1
    )


def test_a_network_of_the_space_is_queued_by_its_genes(tmp_path):
    settings = settings_at("alexnet*0.6")
    with open_study(tmp_path / "s.db", settings.to_dict()) as study:
        assert queue_baselines(study, settings, parse_baselines("auto"), NullListener())
        found = queued(study)
        assert set(found) == {"vgg", "resnet", "he-sun", None}
        assert "guest" not in found["vgg"].user_attrs
        member = settings.space.decode(found["vgg"].system_attrs["fixed_params"])
        guest = network_of(found["resnet"])
        assert all(settings.limit.admits(complexity(each)) for each in (member, guest))
        assert (guest.head, guest.norm) == (settings.space.head, settings.space.norm)
        queue_baselines(study, settings, parse_baselines("auto"), NullListener())
        assert len(study.trials) == 4


def test_a_new_search_begins_with_members_that_are_like_them(tmp_path):
    settings = settings_at("alexnet*0.6")
    with open_study(tmp_path / "s.db", settings.to_dict()) as study:
        queue_baselines(study, settings, parse_baselines("auto"), NullListener())
        found = queued(study)
        member = settings.space.decode(found[None].system_attrs["fixed_params"])
        theirs = network_of(found["he-sun"])
        assert settings.limit.broken_by(member) is None
        assert [stage.stride for stage in member.stages] == [s.stride for s in theirs.stages]
        assert [stage.filter for stage in member.stages] == [s.filter for s in theirs.stages]
        for _ in found:
            ask(study, settings.space)
        queue_baselines(study, settings, parse_baselines("vgg,resnet,he-sun"), NullListener())
        assert len(study.trials) == len(found)
    with open_study(tmp_path / "t.db", settings.to_dict()) as study:
        study.add_trial(optuna.trial.create_trial(value=0.5))  # of a search that had none
        queue_baselines(study, settings, parse_baselines("auto"), NullListener())
        assert set(queued(study)) == {"vgg", "resnet", "he-sun"}


def test_one_that_was_stopped_is_queued_again_as_a_baseline(tmp_path):
    settings = settings_at("alexnet*0.6")
    with open_study(tmp_path / "s.db", settings.to_dict()) as study:
        queue_baselines(study, settings, parse_baselines("vgg,resnet"), NullListener())
        before = queued(study)
        for _ in range(2):
            ask(study, settings.space)
        requeue_running(study)
        after = queued(study)
    assert set(after) == {"vgg", "resnet"}
    assert network_of(after["resnet"]) == network_of(before["resnet"])


def test_what_cannot_be_fitted_is_left_out_or_refused(tmp_path):
    settings = settings_at("5k")
    listener = RecordingListener()
    with open_study(tmp_path / "s.db", settings.to_dict()) as study:
        assert not queue_baselines(study, settings, parse_baselines("auto"), listener)
        assert any("baseline vgg is left out: no vgg network" in note for note in listener.notes)
        with pytest.raises(BudgetError, match="--baselines vgg: no vgg network on 1x32x32 images"):
            queue_baselines(study, settings, parse_baselines("vgg"), listener)
    with pytest.raises(UnknownNameError, match=r"unknown baseline 'vg'; did you mean 'vgg'\?"):
        parse_baselines("resnet,vg")
    assert parse_baselines("none").families((3, 32, 32)) == ()
    assert parse_baselines(["vgg"]) == parse_baselines("vgg")
    large = [family.name for family in parse_baselines("auto").families((3, 224, 224))]
    assert large == ["he-sun", "resnet", "mobilenetv2"]


def test_a_space_without_normalisation_has_no_baselines_that_need_it(tmp_path):
    settings = settings_at("400k")
    settings = replace(settings, space=replace(settings.space, norm="none"))
    listener = RecordingListener()
    with open_study(tmp_path / "auto.db", settings.to_dict()) as study:
        assert queue_baselines(study, settings, parse_baselines("auto"), listener)
        assert set(queued(study)) - {None} == {"he-sun", "vgg"}
    assert any(
        "baseline resnet is left out: it is made for batch normalisation" in note
        for note in listener.notes
    )
    with open_study(tmp_path / "named.db", settings.to_dict()) as study:
        queue_baselines(study, settings, parse_baselines("resnet"), NullListener())
        assert "resnet" in queued(study)


def test_the_clock_makes_them_smaller(tmp_path):
    limit = TimeLimit("latency<=1ms", "latency", Setting(), most=1.0)
    settings = settings_at("latency<=1ms", times=(limit,))
    with open_study(tmp_path / "s.db", settings.to_dict()) as study:
        queue_baselines(study, settings, parse_baselines("resnet"), NullListener())
        costs = []
        while queued(study):
            trial, network = ask(study, settings.space)
            costs.append(complexity(network))
            figures = {"latency": {"ms": 1.7}}
            frozen = optuna.trial.FrozenTrial(
                number=trial.number,
                trial_id=trial._trial_id,
                state=TrialState.FAIL,
                value=None,
                datetime_start=None,
                datetime_complete=None,
                params={},
                distributions={},
                user_attrs=trial.user_attrs,
                system_attrs={},
                intermediate_values={},
            )
            next_baseline(study, settings, frozen, excess_of(settings.times, figures))
    assert len(costs) == 6  # then the clock has the last word
    for before, after in pairwise(costs):
        assert after <= before / 1.7 * 0.95


def test_the_clock_judges_them_as_any_other(tiny_search):
    budget = "latency<=(3,64)x3*50, complexity<=400k"
    record = tiny_search(budget, baselines="vgg", trials=2)
    (baseline,) = record.baselines
    assert baseline.timed_again
    assert baseline.times["latency"]["repeats"] >= 30
