"""Warm start: known networks first, earlier results not again."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

import nas_tc
from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.budget import parse_budget, resolve_budget
from nas_tc.cost import complexity
from nas_tc.data import load_data
from nas_tc.errors import NasTcError, StudyError
from nas_tc.metric import Confusion
from nas_tc.recipe import Recipe
from nas_tc.search import NullListener
from nas_tc.search.settings import Settings
from nas_tc.search.warm_start import Start, genes_of, parse_start, start_with
from nas_tc.study import read_study, weights_file
from nas_tc.study.record import record_of
from nas_tc.study.storage import open_study, requeue_running
from nas_tc.timing import Setting, TimeLimit
from recording_listener import RecordingListener

MEMBER = "(3,8)/2 | (2,16)"  # a network of the tiny space
OUT_OF_SPACE = "(5,8)/2 | (3,12)"  # none of it
EXPENSIVE = "(3,64)x4"


@pytest.fixture
def settings(tiny):
    data = load_data("digits", side=(16, 16))

    def at(budget="400k", recipe=None):
        limit = resolve_budget(parse_budget(budget), data.shape)
        return Settings(tiny.at(data.shape, 10), limit, data, recipe or Recipe(epochs=1), seed=0)

    return at


def network(notation):
    return Architecture((1, 16, 16), parse_notation(notation), GAP, 10)


def test_members_have_genes_and_networks_out_of_space_none(settings):
    space = settings().space
    assert space.decode(genes_of(network(MEMBER), space)) == network(MEMBER)
    assert genes_of(network(OUT_OF_SPACE), space) == {}


def test_known_networks_are_trained_first(tiny_search):
    record = tiny_search(trials=3, start=[OUT_OF_SPACE, MEMBER])
    assert [t.architecture for t in record.trials[:2]] == [network(OUT_OF_SPACE), network(MEMBER)]
    assert record.trials[0].genes == {}
    assert record.done == 3
    assert len({t.architecture for t in record.trials}) == 3
    # The same starts again are no new networks, and the search goes on beside them.
    again = tiny_search(trials=4, start=[OUT_OF_SPACE, MEMBER])
    assert again.done == 4
    assert len({t.architecture for t in again.trials}) == 4


def test_a_start_takes_the_head_and_classes_of_the_space(settings, tmp_path):
    path = tmp_path / "study.db"
    with open_study(path, settings("10M").to_dict()) as study:
        start_with(
            study,
            path,
            settings("10M"),
            [parse_start("(3,8)").settle(settings("10M"))],
            NullListener(),
        )
        (waiting,) = study.trials
        assert Architecture.from_dict(waiting.user_attrs["guest"]) == network("(3,8)")


def test_a_start_may_have_a_size_of_its_own(settings, tmp_path):
    own = settings("10M")
    small = replace(network(MEMBER), input=(1, 12, 12))
    assert parse_start(f"{MEMBER}@12").settle(own).network == small
    assert str(parse_start(f"{MEMBER}@12").settle(own)) == f"{MEMBER}@12, {MEMBER}"
    file = tmp_path / "small.json"
    file.write_text(small.to_json())
    assert parse_start(f"{file}@14").settle(own).network.input == (1, 14, 14)
    # The size in a file counts where the space has it: this one has 16 pixels alone.
    assert parse_start(str(file)).settle(own).network == network(MEMBER)
    assert small.on_images((1, 16, 16), (3, 32, 48)).input == (3, 24, 36)


@pytest.mark.parametrize(
    ("start", "complaint"),
    [
        ("J@", r"--start J@: behind the @ is a side in pixels, as in J@24"),
        ("(3,8)@0", r"behind the @ is a side in pixels"),
        ("(3,8) | 3/3@1", r"--start \(3,8\) \| 3/3@1: .*map"),
        (EXPENSIVE, r"--start .*: complexity [\d,]+ is outside the budget, 400,000 multiply-adds"),
        ("(3,8) | 9/9 | (3,8) | 9/9 | (3,8)", r"--start .*map"),
        ("vgg", "unknown network 'vgg'"),
        ("nothing.db", "no study file"),
        ("nothing.json", "cannot read the network file"),
    ],
)
def test_what_cannot_be_started_with(tiny_search, tmp_path, start, complaint):
    with pytest.raises(NasTcError, match=complaint) as caught:
        tiny_search(start=[start])
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "study.db").exists()


def test_results_at_another_budget_are_taken_where_they_fit(tiny_search, tmp_path):
    first = tiny_search(study="first.db", trials=6)
    budget = sorted(t.complexity for t in first.trials)[2]
    fitting = [t for t in first.trials if t.complexity <= budget]
    assert 0 < len(fitting) < 6
    record = tiny_search(str(budget), study="second.db", trials=1, start=[str(first.path)])
    reused = [t for t in record.trials if t.reused]
    assert [t.architecture for t in reused] == [t.architecture for t in fitting]
    assert [t.val_errors for t in reused] == [t.val_errors for t in fitting]
    assert reused[0].reused == f"first.db#{fitting[0].number}"
    assert record.done == 1  # one more was trained
    assert len({t.architecture for t in record.trials}) == len(reused) + 1
    for trial in record.front:
        assert trial.complexity <= budget
    # Taken once: the same command again adds nothing.
    assert len(
        tiny_search(str(budget), study="second.db", trials=1, start=[str(first.path)]).trials
    ) == len(record.trials)


def test_weights_come_with_results(study, settings, tmp_path):
    """A study made by hand, whose front has weights and test errors."""
    path = tmp_path / "second.db"
    kept = study.settings
    data = load_data("digits")
    space = nas_tc.load_space("plain-32").at(data.shape, 10)
    own = Settings(space, resolve_budget(parse_budget("1G"), data.shape), data, Recipe(epochs=2), 3)
    assert kept["recipe"] == own.to_dict()["recipe"]
    with open_study(path, own.to_dict()) as opened:
        confusion = Confusion.of(np.arange(4), np.arange(4), 10)
        lender = replace(
            study, trials=tuple(replace(trial, confusion=confusion) for trial in study.trials)
        )
        start_with(opened, path, own, [Start("lender", study=lender)], NullListener())
        record = record_of(opened, path)
    assert {trial.confusion for trial in record.trials} == {confusion}
    assert Counter(t.state for t in record.trials) == {"complete": 3, "pruned": 1}
    assert {t.reused_seed for t in record.trials} == {0}
    assert [t.test_error for t in record.front] == [t.test_error for t in study.front]
    for old, new in zip(study.front, record.front, strict=True):
        assert (
            weights_file(path, new.number).read_bytes()
            == weights_file(study.path, old.number).read_bytes()
        )


def test_a_study_with_another_recipe_lends_its_front(study, tmp_path):
    path = tmp_path / "second.db"
    data = load_data("digits")
    space = nas_tc.load_space("plain-32").at(data.shape, 10)
    limit = resolve_budget(parse_budget("alexnet*0.6"), data.shape)
    own = Settings(space, limit, data, Recipe(epochs=9), 0)
    with open_study(path, own.to_dict()) as opened:
        start_with(opened, path, own, [parse_start(str(study.path))], NullListener())
        waiting = opened.trials
    assert [t.state.name for t in waiting] == ["WAITING"] * len(study.front)
    assert read_study(path).trials == ()


def test_under_a_limit_on_time_results_are_not_taken(study, tmp_path):
    path = tmp_path / "second.db"
    data = load_data("digits")
    space = nas_tc.load_space("plain-32").at(data.shape, 10)
    limit = resolve_budget(parse_budget("1G"), data.shape)
    times = (TimeLimit("latency<=1ms", "latency", Setting(), 1.0),)
    own = Settings(space, limit, data, Recipe(epochs=2), 0, times)
    listener = RecordingListener()
    with open_study(path, own.to_dict()) as opened:
        start_with(opened, path, own, [parse_start(str(study.path))], listener)
        waiting = opened.trials
    assert [t.state.name for t in waiting] == ["WAITING"] * len(study.front)
    assert "to train again (times: they must be measured here)" in listener.notes[0]


def test_a_result_that_joins_the_front_without_weights_is_trained(study, tmp_path):
    """The floor leaves out the networks that beat it."""
    path = tmp_path / "second.db"
    beaten = study.trials[2]
    assert beaten not in study.front
    data = load_data("digits")
    space = nas_tc.load_space("plain-32").at(data.shape, 10)
    limit = resolve_budget(parse_budget(f"complexity in {beaten.complexity}..1G"), data.shape)
    own = Settings(space, limit, data, Recipe(epochs=2), 0)
    listener = RecordingListener()
    with open_study(path, own.to_dict()) as opened:
        start_with(opened, path, own, [parse_start(str(study.path))], listener)
        (waiting,) = [t for t in opened.trials if t.state.name == "WAITING"]
        assert record_of(opened, path).complete == ()
        start_with(opened, path, own, [parse_start(str(study.path))], listener)
        assert sum(t.state.name == "WAITING" for t in opened.trials) == 1
    assert Architecture.from_dict(waiting.user_attrs["guest"]) == beaten.architecture
    assert "1 more to train again" in listener.notes[0]


def test_weights_that_cannot_be_copied_are_told(study, tmp_path):
    path = tmp_path / "second.db"
    path.with_suffix("").touch()  # where the weights' folder goes
    data = load_data("digits")
    space = nas_tc.load_space("plain-32").at(data.shape, 10)
    limit = resolve_budget(parse_budget("1G"), data.shape)
    own = Settings(space, limit, data, Recipe(epochs=2), 0)
    with (
        pytest.raises(StudyError, match=r"cannot copy .*: make room") as caught,
        open_study(path, own.to_dict()) as opened,
    ):
        start_with(opened, path, own, [parse_start(str(study.path))], NullListener())
    assert len(str(caught.value).splitlines()) == 1


def test_a_network_out_of_space_in_flight_is_queued_again(settings, tmp_path):
    path = tmp_path / "study.db"
    with open_study(path, settings().to_dict()) as study:
        start_with(
            study, path, settings(), [parse_start(OUT_OF_SPACE).settle(settings())], NullListener()
        )
        trial = study.ask()
        trial.set_user_attr("architecture", trial.user_attrs["guest"])
        requeue_running(study)
        assert [t.state.name for t in study.trials] == ["FAIL", "WAITING"]
        assert study.trials[1].user_attrs["guest"] == network(OUT_OF_SPACE).to_dict()
        requeue_running(study)
        assert len(study.trials) == 2


def test_a_study_does_not_start_with_itself(tiny_search):
    record = tiny_search(trials=2)
    again = tiny_search(trials=2, start=[str(record.path)])
    assert len(again.trials) == 2
    assert complexity(again.best.architecture) <= 400_000
    with pytest.raises(StudyError):
        tiny_search(start=["nothing.db"])
