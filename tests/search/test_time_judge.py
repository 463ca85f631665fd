"""The judge of times, without a clock."""

from dataclasses import replace

import pytest
from judged_times import MACHINE, SLIM, WIDE, judge, limits, network, profile, result

from nas_tc.errors import TableError
from nas_tc.latency import TimeTable
from nas_tc.timing import Setting


def test_nothing_is_rejected_before_an_error_is_known():
    time_judge = judge("latency<=0.001ms", SLIM, WIDE)
    assert time_judge.admits(WIDE)
    times = time_judge.table.of(Setting())
    for _ in range(20):
        times.add_check(1.0, 0.5)  # twice too much it was, once
    assert not time_judge.admits(WIDE)


def checked(time_judge, *ratios):
    for ratio in ratios * (20 // len(ratios)):
        time_judge.table.of(Setting()).add_check(1.0, ratio)


def test_what_is_likely_too_slow_is_rejected_before_it_is_timed():
    predicted_ms = judge("latency<=1ms", SLIM, WIDE).table.of(Setting()).predict(WIDE).ms
    for share, admitted in ((1.02, False), (1.06, True)):  # one network in four takes 4 % more
        time_judge = judge(f"latency<={predicted_ms * share:.6f}ms", SLIM, WIDE)
        checked(time_judge, 0.9, 1.1)
        assert time_judge.admits(WIDE) == admitted
        assert time_judge.admits(SLIM)


def test_a_table_that_is_wrong_one_way_is_corrected():
    predicted_ms = judge("latency<=1ms", SLIM, WIDE).table.of(Setting()).predict(WIDE).ms
    for share, admitted in ((1.2, False), (1.3, True)):
        time_judge = judge(f"latency<={predicted_ms * share:.6f}ms", SLIM, WIDE)
        checked(time_judge, 1.2, 1.3)
        assert time_judge.admits(WIDE) == admitted


def test_the_floor_of_a_range():
    predicted_ms = judge("latency<=1ms", SLIM, WIDE).table.of(Setting()).predict(SLIM).ms
    for factor, admitted in ((0.94, True), (0.98, False)):
        time_judge = judge(f"latency in {predicted_ms * factor:.9f}ms..99s", SLIM, WIDE)
        checked(time_judge, 0.9, 1.1)
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


def test_a_result_adds_to_the_table_and_its_error(tmp_path):
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
    slower = replace(result(SLIM, time_judge, 1.0), quiet_ms={"torch": (0.5, 2.0, 6.0)})
    time_judge.add_result(SLIM, slower)
    assert time_judge.table.quiet_ms == {"torch": (0.5, 2.0, 6.0)}
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


def test_a_checked_table_needs_quick_estimates_only():
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


def test_a_checked_table_guesses_a_few_layers():
    time_judge = judge("latency<=1ms", SLIM)
    longer = network("(3,8)/2 | (3,8)x4 | (3,12)+(3,8)")  # two of nine are new
    unlike = network("(3,8)/2 | (3,8)x3 | (5,8)")  # one, and like nothing in the table
    assert time_judge.request_for(longer).to_profile
    for _ in range(20):
        time_judge.table.of(Setting()).add_check(1.0, 1.0)
    assert time_judge.request_for(longer).to_profile == ()
    assert time_judge.request_for(unlike).to_profile == ((Setting(), unlike),)
    assert time_judge.request_for(WIDE).to_profile == ((Setting(), WIDE),)


def test_what_is_clearly_within_is_trained_without_measuring():
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
