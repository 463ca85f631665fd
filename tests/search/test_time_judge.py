"""Times in a search, with a clock of our own; no torch module is built."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.budget import parse_budget
from nas_tc.data import load_data
from nas_tc.errors import BudgetError, DeviceError, StudyError, TableError
from nas_tc.latency import LayerProfile, TimeTable, signatures_of
from nas_tc.recipe import Recipe
from nas_tc.search import NullListener
from nas_tc.search.interrupts import Interrupts
from nas_tc.search.session import Session
from nas_tc.search.table_choice import open_time_judge
from nas_tc.search.time_feasibility import check_feasible
from nas_tc.search.time_judge import TimeJudge
from nas_tc.search.timing_records import reason_over_limit, timing_record
from nas_tc.space import load_space
from nas_tc.timing import LOW_QUARTILE, Estimate, Setting, TimeLimit, time_limits
from nas_tc.worker import JudgedTime, TimingResult, TrainingResult, Worker

MACHINE = {"device": "Abacus 7", "threads": 1, "torch": "2.13", "cuda": None, "instructions": "x"}
SHAPE = (3, 16, 16)
SPACE = load_space("plain-32").at(SHAPE, 10)


def network(notation):
    return Architecture(SHAPE, parse_notation(notation), GAP, 10)


SLIM, WIDE = network("(3,8)/2 | (3,8)"), network("(3,64) | (3,64)")


def estimate(ms, spread=0.0):
    return Estimate(ms, ms, ms + spread, LOW_QUARTILE, 50)


def profile(architecture):
    """A millisecond a million multiply-adds, and a microsecond a layer."""
    found = tuple((each, each.macs / 1e6 + 0.001) for each in signatures_of(architecture))
    return LayerProfile(sum(ms for _, ms in found), found)


def limits(expression, device="cpu", classes=10):
    return time_limits(parse_budget(expression).times, SHAPE, classes, device)


def judge(expression, *known, measures=True, path=None, device="cpu", note=print):
    table = TimeTable(MACHINE)
    found = limits(expression, device)
    for each in known:
        for limit in found:
            table.of(limit.setting).add(each, profile(each))
    return TimeJudge(found, table, path, measures=measures, note=note)


def result(architecture, judge, ms, *, within=True, ratio=None, machine=MACHINE):
    times = tuple(
        JudgedTime(limit.name, estimate(ms), ratio, "accept" if within else "reject", within)
        for limit in judge.limits
    )
    request = judge.request_for(architecture)
    profiles = tuple((setting, each, profile(each)) for setting, each in request.to_profile)
    return TimingResult(times, profiles, machine)


def test_limits_as_numbers():
    ms, step, relative = limits(
        "latency<=2.5ms, train_step in 10ms..0.41s@b128, latency<=(3,64)x2*0.6@b8"
    )
    assert (ms.most, ms.least, ms.reference, ms.setting) == (2.5, 0.0, None, Setting())
    assert (step.most, step.least, step.setting) == (410.0, 10.0, Setting("train_step", 128))
    assert (relative.most, relative.setting) == (0.6, Setting(batch=8))
    assert relative.reference.input == SHAPE
    assert [each.name for each in (ms, step, relative)] == [
        "latency",
        "train_step@b128",
        "latency@b8",
    ]


@pytest.mark.parametrize(
    ("expression", "complaint"),
    [
        ("latency<=2ms on cuda", "the search runs on cpu; give the time table of that device"),
        ("latency in 1ms..J@224*0.5", "must be of one reference"),
        ("latency in 2ms..1ms", "write the smaller end first"),
        (
            "latency<=J@224*0.6, latency<=2ms",
            "both limit latency; write one limit",
        ),
        ("latency<=J*0.5", "the reference of 'latency<=J*0.5' cannot be built on 16x16 images"),
    ],
)
def test_limits_that_are_refused(expression, complaint):
    with pytest.raises(BudgetError) as caught:
        limits(expression)
    assert complaint in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_a_table_of_another_device_takes_its_limits():
    assert limits("latency<=2ms on cuda", device=None)[0].most == 2.0


def test_nothing_is_rejected_before_the_table_knows_its_own_error():
    time_judge = judge("latency<=0.001ms", SLIM, WIDE)
    assert time_judge.admits(WIDE)
    times = time_judge.table.of(Setting())
    for _ in range(20):
        times.add_check(1.0, 0.5)  # twice too much it was, once
    assert not time_judge.admits(WIDE)


def test_only_what_is_clearly_too_slow_is_rejected_before_it_is_timed():
    predicted_ms = judge("latency<=1ms", SLIM, WIDE).table.of(Setting()).predict(WIDE).ms
    for share, admitted in ((0.45, False), (0.55, True)):
        time_judge = judge(f"latency<={predicted_ms * share:.6f}ms", SLIM, WIDE)
        for number in range(20):
            time_judge.table.of(Setting()).add_check(1.0, 0.5 if number == 7 else 1.1)
        assert time_judge.admits(WIDE) == admitted
        assert time_judge.admits(SLIM)


def test_the_floor_of_a_range():
    predicted_ms = judge("latency<=1ms", SLIM, WIDE).table.of(Setting()).predict(SLIM).ms
    for factor, admitted in ((1.05, True), (1.2, False)):
        time_judge = judge(f"latency in {predicted_ms * factor:.9f}ms..99s", SLIM, WIDE)
        for _ in range(20):
            time_judge.table.of(Setting()).add_check(1.0, 1.1)
        assert time_judge.admits(SLIM) == admitted
        assert time_judge.admits(WIDE)


def test_a_reference_counts_by_the_same_table():
    reference = limits("latency<=(3,96)|(3,96)*1")[0].reference
    factor = profile(WIDE).whole_ms / profile(reference).whole_ms
    for slack, admitted in ((0.9, False), (1.1, True)):
        budget = f"latency<=(3,96)|(3,96)*{factor * slack:.6f}"
        time_judge = judge(budget, SLIM, WIDE, reference, measures=False, device=None)
        assert time_judge.admits(WIDE) == admitted


def test_a_request_is_for_what_is_new():
    time_judge = judge("latency<=1ms, latency<=(3,16)*0.5@b8", SLIM)
    request = time_judge.request_for(SLIM)
    one, eight, reference = Setting(), Setting(batch=8), time_judge.limits[1].reference
    assert request.to_profile == ((eight, reference),)
    assert time_judge.request_for(WIDE).to_profile == (
        (one, WIDE),
        (eight, WIDE),
        (eight, reference),
    )
    time_judge.add_result(WIDE, result(WIDE, time_judge, 1.0))
    assert time_judge.request_for(WIDE).to_profile == time_judge.request_for(SLIM).to_profile == ()


def test_a_result_teaches_the_table_and_its_error(tmp_path):
    path = tmp_path / "table.json"
    time_judge = judge("latency<=1ms", SLIM, path=path)
    other = network("(3,8)/2 | (3,8) | (3,8)")
    predicted_ms = time_judge.table.of(Setting()).predict(other).ms
    time_judge.add_result(other, result(other, time_judge, 2 * predicted_ms))
    assert list(time_judge.table.of(Setting()).checks) == [(predicted_ms, 2 * predicted_ms)]
    time_judge.add_result(WIDE, result(WIDE, time_judge, 1.0))
    count = len(time_judge.table.of(Setting()).checks)
    time_judge.add_result(WIDE, result(WIDE, time_judge, 1.0))  # no longer unknown: no test of it
    assert len(time_judge.table.of(Setting()).checks) == count
    time_judge.save()
    assert TimeTable.read(path).of(Setting()).networks == {SLIM.id, WIDE.id}


def test_a_table_takes_the_reference_speed_of_its_workers():
    time_judge = judge("latency<=1ms", SLIM)
    time_judge.table.rescale_to((1.0, 4.0, 12.0))
    before = time_judge.table.of(Setting()).predict(SLIM).ms
    slower = replace(result(SLIM, time_judge, 1.0), quiet_ms=(0.5, 2.0, 6.0))
    time_judge.add_result(SLIM, slower)
    assert time_judge.table.quiet_ms == (0.5, 2.0, 6.0)
    assert time_judge.table.of(Setting()).predict(SLIM).ms == pytest.approx(before / 2)


def test_another_kind_of_machine_is_noticed():
    time_judge = judge("latency<=1ms", SLIM)
    foreign = result(WIDE, time_judge, 1.0, machine={**MACHINE, "device": "Abacus 8"})
    with pytest.raises(TableError, match="of another machine"):
        time_judge.add_result(WIDE, foreign)


def test_another_kind_of_machine_is_noticed_among_many():
    time_judge = judge("latency<=1ms", SLIM)
    time_judge.add_result(WIDE, result(WIDE, time_judge, 1.0))
    foreign = result(SLIM, time_judge, 1.0, machine={**MACHINE, "device": "Abacus 8"})
    with pytest.raises(TableError, match="of another machine"):
        time_judge.add_result(SLIM, foreign)


def test_a_table_that_cannot_be_kept_is_noted_once_and_done_without(tmp_path):
    (tmp_path / "file").touch()
    notes = []
    time_judge = judge("latency<=1ms", SLIM, path=tmp_path / "file" / "t.json", note=notes.append)
    time_judge.add_result(WIDE, result(WIDE, time_judge, 1.0))
    time_judge.save()
    time_judge.save()
    (note,) = notes
    assert "not kept for later searches: cannot write the time table" in note
    assert len(note.splitlines()) == 1


def test_gpus_that_this_machine_does_not_have_are_told(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    search, pool = SimpleNamespace(times=limits("latency<=1ms")), SimpleNamespace(device="cuda")
    with (
        pytest.raises(DeviceError, match="on GPUs of the cluster"),
        open_time_judge(search, None, Session(None, None, pool, NullListener(), Interrupts())),
    ):
        pass


def test_what_the_study_keeps():
    time_judge = judge("latency<=1ms", SLIM)
    straddling = JudgedTime(
        "latency", estimate(0.9, 0.3), estimate(0.45), "measure more", within=True
    )
    kept = timing_record((straddling,), time_judge.predicted_times(SLIM))["latency"]
    assert kept["verdict"] == "undecided"
    assert (kept["ms"], kept["high_ms"], kept["repeats"], kept["ratio"]) == (0.9, 1.2, 50, 0.45)
    assert kept["predicted_ms"] == pytest.approx(profile(SLIM).whole_ms, rel=1e-3)


def test_why_a_network_is_over_the_budget():
    time_judge = judge("latency<=1ms")
    assert reason_over_limit(result(SLIM, time_judge, 0.5).times, time_judge.limits) is None
    bad = result(SLIM, time_judge, 1.5, within=False)
    assert reason_over_limit(bad.times, time_judge.limits) == "1.5 ms is not within 'latency<=1ms'"
    bad = result(SLIM, time_judge, 1.5, within=False, ratio=estimate(0.7))
    assert reason_over_limit(bad.times, time_judge.limits).startswith(
        "0.7 of the reference (1.5 ms) is not"
    )


def test_a_table_that_knows_its_error_is_content_with_short_looks():
    time_judge = judge("latency<=1ms", SLIM, WIDE)
    cold = time_judge.request_for(SLIM)
    assert not cold.brief
    for _ in range(20):
        time_judge.table.of(Setting()).add_check(1.0, 1.0)
    assert time_judge.request_for(SLIM).brief
    at_first = time_judge.request_for(SLIM).most_s
    for train_s in (9.0, 11.0):
        time_judge.add_training(train_s)
    assert at_first == pytest.approx(0.5)
    assert time_judge.request_for(SLIM).most_s == pytest.approx(0.3)  # 3 % of ten seconds
    time_judge.add_training(1e9)
    assert time_judge.request_for(SLIM).most_s == cold.most_s


def test_a_table_that_knows_its_error_goes_on_guessing_a_few_layers():
    time_judge = judge("latency<=1ms", SLIM)
    longer = network("(3,8)/2 | (3,8)x4 | (3,12)+(3,8)")  # two of nine are new
    unlike = network("(3,8)/2 | (3,8)x3 | (5,8)")  # one, and like nothing in the table
    assert time_judge.request_for(longer).to_profile
    for _ in range(20):
        time_judge.table.of(Setting()).add_check(1.0, 1.0)
    assert time_judge.request_for(longer).to_profile == ()
    assert time_judge.request_for(unlike).to_profile == ((Setting(), unlike),)
    assert time_judge.request_for(WIDE).to_profile == ((Setting(), WIDE),)


def test_what_is_clearly_within_is_trained_without_the_clock():
    predicted_ms = judge("latency<=1ms", SLIM).table.of(Setting()).predict(SLIM).ms
    for share, certain in ((1.05, False), (1.15, True)):
        time_judge = judge(f"latency<={predicted_ms * share:.9f}ms", SLIM)
        assert time_judge.certain_times(SLIM) == {}  # the table does not know its own error
        for _ in range(20):
            time_judge.table.of(Setting()).add_check(1.0, 1.1)
        looked_at = [number for number in range(1, 17) if not time_judge.certain_times(SLIM)]
        assert looked_at == ([8, 16] if certain else list(range(1, 17)))
    found = time_judge.certain_times(SLIM)["latency"]
    assert (found["ms"], found["verdict"]) == (predicted_ms, "predicted")
    assert time_judge.certain_times(WIDE) == {}  # of layers that are guessed
    floor = judge(f"latency in {predicted_ms * 0.95:.9f}ms..9s", SLIM)
    for low in (1.0, 0.9):
        floor.table.of(Setting()).add_check(1.0, low)
        for _ in range(40):
            floor.table.of(Setting()).add_check(1.0, low)
        assert bool(floor.certain_times(SLIM)) == (low == 1.0)


def test_what_timing_has_taken_is_added_up():
    time_judge = judge("latency<=1ms", SLIM)
    time_judge.add_result(WIDE, replace(result(WIDE, time_judge, 1.0), seconds=0.25))
    time_judge.add_timing(3, 2.0)
    assert (time_judge.timed, time_judge.timing_s) == (4, 2.25)


class Clock:
    """A pool with one worker that answers at once."""

    def __init__(self, answer):
        self._answer, self.released = answer, []

    def time(self, key, request):
        self._request = (key, request)

    def next_result(self, timeout_s):
        key, request = self._request
        return key, self._answer(request)

    def release(self, key):
        self.released.append(key)


def test_a_budget_that_nothing_can_keep_is_refused_before_any_training():
    time_judge = judge("latency<=1ms")
    clock = Clock(lambda request: result(request.network, time_judge, 1.5, within=False))
    with pytest.raises(BudgetError, match=r"takes 1\.5 ms; raise the budget"):
        check_feasible(time_judge, clock, SPACE)
    clock = Clock(lambda request: result(request.network, time_judge, 0.5))
    assert (
        check_feasible(time_judge, clock, SPACE)
        == "times: latency of the cheapest network is 0.5 ms"
    )
    assert clock.released == ["cheapest"]


def test_what_does_not_fit_in_memory_is_told_before_any_training():
    time_judge = judge("latency<=1ms")
    clock = Clock(lambda request: TrainingResult(diverged="out of memory: about 9 GiB"))
    with pytest.raises(StudyError, match="could not be timed: out of memory: about 9 GiB"):
        check_feasible(time_judge, clock, SPACE)


def test_a_worker_that_has_no_memory_to_read_the_clock_says_so(monkeypatch):
    monkeypatch.setattr("nas_tc.worker.worker.settle_on_core", lambda: None)  # not our process
    worker = Worker(load_data("digits"), Recipe(epochs=1), "cpu", alone=True)
    request = judge("train_step<=1s@b128").request_for(SLIM)
    with monkeypatch.context() as patch:
        patch.setattr("nas_tc.training.memory.free_bytes", lambda *_: 1)
        assert "for 128 images a step, 0.0 GiB are free" in worker.time(request).diverged

    def without_memory(*_):
        raise MemoryError

    monkeypatch.setattr("nas_tc.worker.worker.measure", without_memory)
    assert worker.time(request).diverged.startswith("out of memory: about")


def test_a_table_that_decides_alone_must_know_layers_like_these():
    time_judge = judge("latency<=1ms", measures=False, device=None)
    with pytest.raises(BudgetError, match="has no layers like those of the space"):
        check_feasible(time_judge, None, SPACE)
    some = [SPACE.decode({g.name: g.choices[-1] for g in SPACE.genes})]
    time_judge = judge("latency<=(5,16)*9", *some, measures=False, device=None)
    with pytest.raises(BudgetError, match="has no layers like those of"):
        check_feasible(time_judge, None, SPACE)


def test_a_time_limit_is_a_value():
    limit = TimeLimit("latency<=1ms", "latency", Setting(), 1.0)
    assert limit == replace(limit)
    assert limit.name == "latency"
