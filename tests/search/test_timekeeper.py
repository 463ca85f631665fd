"""Times in a search, with a clock of our own; no torch module is built."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.budget import parse_budget
from nas_tc.data import load_data
from nas_tc.errors import BudgetError, DeviceError, StudyError, TableError
from nas_tc.latency import LayerProfile, TimeTable, nodes_of, signature_of
from nas_tc.recipe import Recipe
from nas_tc.search import NullListener
from nas_tc.search.interrupts import Interrupts
from nas_tc.search.session import Session
from nas_tc.search.table_choice import keeping_time
from nas_tc.search.timekeeper import Timekeeper
from nas_tc.search.timing_records import recorded, too_slow
from nas_tc.space import load_space
from nas_tc.timing import LOW_QUARTILE, Estimate, Setting, TimeLimit, time_limits
from nas_tc.worker import Figure, Report, TimingResult, Worker

MACHINE = {"device": "Abacus 7", "threads": 1, "torch": "2.13", "cuda": None, "instructions": "x"}
SHAPE = (3, 16, 16)
SPACE = load_space("plain-32").at(SHAPE, 10)


def network(notation):
    return Architecture(SHAPE, parse_notation(notation), GAP, 10)


SLIM, WIDE = network("(3,8)/2 | (3,8)"), network("(3,64) | (3,64)")


def estimate(ms, spread=0.0):
    return Estimate(ms, ms, ms + spread, LOW_QUARTILE, 50)


def inside(architecture):
    """A millisecond a million multiply-adds, and a microsecond a layer."""
    units = [signature_of(node, first=i == 0) for i, node in enumerate(nodes_of(architecture))]
    found = tuple((unit, unit.macs / 1e6 + 0.001) for unit in units)
    return LayerProfile(sum(ms for _, ms in found), found)


def limits(expression, device="cpu", classes=10):
    return time_limits(parse_budget(expression).times, SHAPE, classes, device)


def keeper(expression, *known, measures=True, path=None, device="cpu", note=print):
    table = TimeTable(MACHINE)
    found = limits(expression, device)
    for each in known:
        for limit in found:
            table.of(limit.setting).add(each, inside(each))
    return Timekeeper(found, table, path, measures=measures, note=note)


def report(architecture, keeper, ms, *, within=True, ratio=None, machine=MACHINE):
    figures = tuple(
        Figure(limit.name, estimate(ms), ratio, "accept" if within else "reject", within)
        for limit in keeper.limits
    )
    order = keeper.order(architecture)
    insides = tuple((setting, each, inside(each)) for setting, each in order.inside)
    return TimingResult(figures, insides, machine)


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
    timekeeper = keeper("latency<=0.001ms", SLIM, WIDE)
    assert timekeeper.admits(WIDE)
    times = timekeeper.table.of(Setting())
    for _ in range(20):
        times.check(1.0, 0.5)  # twice too much it was, once
    assert not timekeeper.admits(WIDE)


def test_only_what_is_clearly_too_slow_is_rejected_before_it_is_timed():
    said = keeper("latency<=1ms", SLIM, WIDE).table.of(Setting()).predict(WIDE).ms
    for share, admitted in ((0.45, False), (0.55, True)):
        timekeeper = keeper(f"latency<={said * share:.6f}ms", SLIM, WIDE)
        for number in range(20):
            timekeeper.table.of(Setting()).check(1.0, 0.5 if number == 7 else 1.1)
        assert timekeeper.admits(WIDE) == admitted
        assert timekeeper.admits(SLIM)


def test_the_floor_of_a_range():
    said = keeper("latency<=1ms", SLIM, WIDE).table.of(Setting()).predict(SLIM).ms
    for factor, admitted in ((1.05, True), (1.2, False)):
        timekeeper = keeper(f"latency in {said * factor:.9f}ms..99s", SLIM, WIDE)
        for _ in range(20):
            timekeeper.table.of(Setting()).check(1.0, 1.1)
        assert timekeeper.admits(SLIM) == admitted
        assert timekeeper.admits(WIDE)


def test_a_reference_counts_by_the_same_table():
    reference = limits("latency<=(3,96)|(3,96)*1")[0].reference
    factor = inside(WIDE).whole_ms / inside(reference).whole_ms
    for slack, admitted in ((0.9, False), (1.1, True)):
        budget = f"latency<=(3,96)|(3,96)*{factor * slack:.6f}"
        timekeeper = keeper(budget, SLIM, WIDE, reference, measures=False, device=None)
        assert timekeeper.admits(WIDE) == admitted


def test_an_order_asks_for_what_is_new():
    timekeeper = keeper("latency<=1ms, latency<=(3,16)*0.5@b8", SLIM)
    order = timekeeper.order(SLIM)
    one, eight, reference = Setting(), Setting(batch=8), timekeeper.limits[1].reference
    assert order.inside == ((eight, reference),)
    assert timekeeper.order(WIDE).inside == ((one, WIDE), (eight, WIDE), (eight, reference))
    timekeeper.learn(WIDE, report(WIDE, timekeeper, 1.0))
    assert timekeeper.order(WIDE).inside == timekeeper.order(SLIM).inside == ()


def test_a_report_teaches_the_table_and_its_error(tmp_path):
    path = tmp_path / "table.json"
    timekeeper = keeper("latency<=1ms", SLIM, path=path)
    other = network("(3,8)/2 | (3,8) | (3,8)")
    said = timekeeper.table.of(Setting()).predict(other).ms
    timekeeper.learn(other, report(other, timekeeper, 2 * said))
    assert list(timekeeper.table.of(Setting()).checks) == [(said, 2 * said)]
    timekeeper.learn(WIDE, report(WIDE, timekeeper, 1.0))
    count = len(timekeeper.table.of(Setting()).checks)
    timekeeper.learn(WIDE, report(WIDE, timekeeper, 1.0))  # no longer unknown: no test of it
    assert len(timekeeper.table.of(Setting()).checks) == count
    timekeeper.save()
    assert TimeTable.read(path).of(Setting()).networks == {SLIM.id, WIDE.id}


def test_a_table_is_told_at_the_pace_of_its_workers():
    timekeeper = keeper("latency<=1ms", SLIM)
    timekeeper.table.tell_at((1.0, 4.0, 12.0))
    before = timekeeper.table.of(Setting()).predict(SLIM).ms
    slower = replace(report(SLIM, timekeeper, 1.0), calm_ms=(0.5, 2.0, 6.0))
    timekeeper.learn(SLIM, slower)
    assert timekeeper.table.calm_ms == (0.5, 2.0, 6.0)
    assert timekeeper.table.of(Setting()).predict(SLIM).ms == pytest.approx(before / 2)


def test_another_kind_of_machine_is_noticed():
    timekeeper = keeper("latency<=1ms", SLIM)
    foreign = report(WIDE, timekeeper, 1.0, machine={**MACHINE, "device": "Abacus 8"})
    with pytest.raises(TableError, match="of another machine"):
        timekeeper.learn(WIDE, foreign)


def test_another_kind_of_machine_is_noticed_among_many():
    timekeeper = keeper("latency<=1ms", SLIM)
    timekeeper.learn(WIDE, report(WIDE, timekeeper, 1.0))
    foreign = report(SLIM, timekeeper, 1.0, machine={**MACHINE, "device": "Abacus 8"})
    with pytest.raises(TableError, match="of another machine"):
        timekeeper.learn(SLIM, foreign)


def test_a_table_that_cannot_be_kept_is_noted_once_and_done_without(tmp_path):
    (tmp_path / "file").touch()
    notes = []
    timekeeper = keeper("latency<=1ms", SLIM, path=tmp_path / "file" / "t.json", note=notes.append)
    timekeeper.learn(WIDE, report(WIDE, timekeeper, 1.0))
    timekeeper.save()
    timekeeper.save()
    (note,) = notes
    assert "not kept for later searches: cannot write the time table" in note
    assert len(note.splitlines()) == 1


def test_gpus_that_this_machine_does_not_have_are_told(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    search, pool = SimpleNamespace(times=limits("latency<=1ms")), SimpleNamespace(device="cuda")
    with (
        pytest.raises(DeviceError, match="on GPUs of the cluster"),
        keeping_time(search, None, Session(None, None, pool, NullListener(), Interrupts())),
    ):
        pass


def test_what_the_study_keeps():
    timekeeper = keeper("latency<=1ms", SLIM)
    straddling = Figure("latency", estimate(0.9, 0.3), estimate(0.45), "measure more", within=True)
    kept = recorded((straddling,), timekeeper.foretold(SLIM))["latency"]
    assert kept["verdict"] == "undecided"
    assert (kept["ms"], kept["high_ms"], kept["repeats"], kept["ratio"]) == (0.9, 1.2, 50, 0.45)
    assert kept["foretold_ms"] == pytest.approx(inside(SLIM).whole_ms, rel=1e-3)


def test_why_a_network_is_over_the_budget():
    timekeeper = keeper("latency<=1ms")
    assert too_slow(report(SLIM, timekeeper, 0.5).figures, timekeeper.limits) is None
    bad = report(SLIM, timekeeper, 1.5, within=False)
    assert too_slow(bad.figures, timekeeper.limits) == "1.5 ms is not within 'latency<=1ms'"
    bad = report(SLIM, timekeeper, 1.5, within=False, ratio=estimate(0.7))
    assert too_slow(bad.figures, timekeeper.limits).startswith(
        "0.7 of the reference (1.5 ms) is not"
    )


def test_a_table_that_knows_its_error_is_content_with_short_looks():
    timekeeper = keeper("latency<=1ms", SLIM, WIDE)
    cold = timekeeper.order(SLIM)
    assert not cold.brief
    for _ in range(20):
        timekeeper.table.of(Setting()).check(1.0, 1.0)
    assert timekeeper.order(SLIM).brief
    at_first = timekeeper.order(SLIM).most_s
    for train_s in (9.0, 11.0):
        timekeeper.trained(train_s)
    assert at_first == pytest.approx(0.5)
    assert timekeeper.order(SLIM).most_s == pytest.approx(0.3)  # 3 % of ten seconds
    timekeeper.trained(1e9)
    assert timekeeper.order(SLIM).most_s == cold.most_s


def test_a_table_that_knows_its_error_goes_on_guessing_a_few_layers():
    timekeeper = keeper("latency<=1ms", SLIM)
    longer = network("(3,8)/2 | (3,8)x4 | (3,12)+(3,8)")  # two of nine are new
    unlike = network("(3,8)/2 | (3,8)x3 | (5,8)")  # one, and like nothing in the table
    assert timekeeper.order(longer).inside
    for _ in range(20):
        timekeeper.table.of(Setting()).check(1.0, 1.0)
    assert timekeeper.order(longer).inside == ()
    assert timekeeper.order(unlike).inside == ((Setting(), unlike),)
    assert timekeeper.order(WIDE).inside == ((Setting(), WIDE),)


def test_what_is_clearly_within_is_trained_without_the_clock():
    said = keeper("latency<=1ms", SLIM).table.of(Setting()).predict(SLIM).ms
    for share, assured in ((1.05, False), (1.15, True)):
        timekeeper = keeper(f"latency<={said * share:.9f}ms", SLIM)
        assert timekeeper.assured(SLIM) == {}  # the table does not know its own error
        for _ in range(20):
            timekeeper.table.of(Setting()).check(1.0, 1.1)
        looked_at = [number for number in range(1, 17) if not timekeeper.assured(SLIM)]
        assert looked_at == ([8, 16] if assured else list(range(1, 17)))
    found = timekeeper.assured(SLIM)["latency"]
    assert (found["ms"], found["verdict"]) == (said, "foretold")
    assert timekeeper.assured(WIDE) == {}  # of layers that are guessed
    floor = keeper(f"latency in {said * 0.95:.9f}ms..9s", SLIM)
    for low in (1.0, 0.9):
        floor.table.of(Setting()).check(1.0, low)
        for _ in range(40):
            floor.table.of(Setting()).check(1.0, low)
        assert bool(floor.assured(SLIM)) == (low == 1.0)


def test_what_timing_has_taken_is_added_up():
    timekeeper = keeper("latency<=1ms", SLIM)
    timekeeper.learn(WIDE, replace(report(WIDE, timekeeper, 1.0), seconds=0.25))
    timekeeper.spent(3, 2.0)
    assert (timekeeper.timed, timekeeper.timing_s) == (4, 2.25)


class Clock:
    """A pool with one worker that answers at once."""

    def __init__(self, answer):
        self._answer, self.released = answer, []

    def time(self, key, order):
        self._order = (key, order)

    def next_result(self, timeout_s):
        key, order = self._order
        return key, self._answer(order)

    def release(self, key):
        self.released.append(key)


def test_a_budget_that_nothing_can_keep_is_refused_before_any_training():
    timekeeper = keeper("latency<=1ms")
    clock = Clock(lambda order: report(order.network, timekeeper, 1.5, within=False))
    with pytest.raises(BudgetError, match=r"takes 1\.5 ms; raise the budget"):
        timekeeper.prepare(clock, SPACE)
    clock = Clock(lambda order: report(order.network, timekeeper, 0.5))
    assert timekeeper.prepare(clock, SPACE) == "times: latency of the cheapest network is 0.5 ms"
    assert clock.released == ["cheapest"]


def test_what_does_not_fit_in_memory_is_told_before_any_training():
    timekeeper = keeper("latency<=1ms")
    clock = Clock(lambda order: Report(diverged="out of memory: about 9 GiB"))
    with pytest.raises(StudyError, match="could not be timed: out of memory: about 9 GiB"):
        timekeeper.prepare(clock, SPACE)


def test_a_worker_that_has_no_memory_to_read_the_clock_says_so(monkeypatch):
    monkeypatch.setattr("nas_tc.worker.worker.settle_on_core", lambda: None)  # not our process
    worker = Worker(load_data("digits"), Recipe(epochs=1), "cpu", alone=True)
    order = keeper("train_step<=1s@b128").order(SLIM)
    with monkeypatch.context() as patch:
        patch.setattr("nas_tc.training.memory.free_bytes", lambda *_: 1)
        assert "for 128 images a step, 0.0 GiB are free" in worker.time(order).diverged

    def without_memory(*_):
        raise MemoryError

    monkeypatch.setattr("nas_tc.worker.worker.measure", without_memory)
    assert worker.time(order).diverged.startswith("out of memory: about")


def test_a_table_that_decides_alone_must_know_layers_like_these():
    timekeeper = keeper("latency<=1ms", measures=False, device=None)
    with pytest.raises(BudgetError, match="knows no layers like those of the space"):
        timekeeper.prepare(None, SPACE)
    some = [SPACE.decode({g.name: g.choices[-1] for g in SPACE.genes})]
    timekeeper = keeper("latency<=(5,16)*9", *some, measures=False, device=None)
    with pytest.raises(BudgetError, match="knows no layers like those of"):
        timekeeper.prepare(None, SPACE)


def test_a_time_limit_is_a_value():
    limit = TimeLimit("latency<=1ms", "latency", Setting(), 1.0)
    assert limit == replace(limit)
    assert limit.name == "latency"
