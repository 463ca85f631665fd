"""How a stopwatch repeats and takes turns, by a clock of our own."""

import sys
import time
from itertools import count
from types import SimpleNamespace

import pytest
import torch

from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.errors import ArchitectureError
from nas_tc.timing import (
    LOW_QUARTILE,
    MEDIAN,
    Stopwatch,
    decide_ratio,
    forward_pass,
    one_thread,
    stopwatch,
    time_interleaved,
    time_ratio,
    timing_machine,
    training_step,
)
from nas_tc.timing import work as work_module

SMALL = Architecture((3, 16, 16), parse_notation("(3,4)/2 | 2/2 | (3,8)"), GAP, 5)
CPU = torch.device("cpu")


def scripted(times):
    """A clock that gives `times` in turn, whatever runs."""
    left = iter(times)

    def clock(run):
        run()
        return next(left)

    return clock


def test_warm_ups_are_not_counted():
    runs = []
    found = Stopwatch(scripted(range(1, 101)), LOW_QUARTILE).time(
        lambda: runs.append(1), repeats=100, least_s=0
    )
    assert (found.value, found.samples, len(runs)) == (25, 100, 110)
    assert found.low < 25 < found.high


def test_quick_runs_are_repeated_for_longer(monkeypatch):
    seconds = count()  # a second passes whenever somebody looks
    clock = SimpleNamespace(monotonic=lambda: float(next(seconds)))
    monkeypatch.setattr(sys.modules[Stopwatch.__module__], "time", clock)
    found = Stopwatch(scripted([1.0] * 100), LOW_QUARTILE).time(lambda: None, repeats=5, least_s=30)
    assert found.samples > 5


def test_slow_runs_are_repeated_less_but_twenty_times():
    found = Stopwatch(scripted(range(1, 101)), LOW_QUARTILE).time(
        lambda: None, repeats=100, least_s=0, most_s=0
    )
    assert found.samples == 20


@pytest.mark.parametrize(
    ("times", "samples", "verdict"),
    [
        ([1.0] * 50, 50, "accept"),
        ([3.0] * 50, 50, "reject"),
        ([1.9, 2.1] * 25 + [1.9] * 50, 100, "accept"),
        ([1.9, 2.1] * 400, 200, "measure more"),
    ],
)
def test_it_measures_more_while_the_interval_straddles(times, samples, verdict):
    found, said = Stopwatch(scripted(times), MEDIAN).decide(lambda: None, 2.0, most=200)
    assert (found.samples, said) == (samples, verdict)


@pytest.mark.parametrize("quantile", [LOW_QUARTILE, MEDIAN])
def test_a_ratio_is_measured_by_turns(quantile):
    order = []
    # The machine slows down fivefold while it is measured, and is held up now and then; the
    # ratio stays.
    times = [t * (1 + turn / 10) for turn in range(40) for t in (3.0, 2.0)]
    times[20:24] = [90.0] * 4
    found = time_ratio(
        Stopwatch(scripted(times), quantile),
        lambda: order.append("a"),
        lambda: order.append("b"),
        rounds=40,
    )
    assert (found.value, found.low, found.high) == (pytest.approx(1.5),) * 3
    assert found.samples == 40
    assert "".join(order) == "a" * 10 + "b" * 10 + "aabb" * 40


def test_a_verdict_of_the_lower_quartile():
    held_up = [1.9] * 15 + [9.0] * 35  # the machine was busy: the rest saw nothing of the sort
    watch = Stopwatch(scripted(held_up + [1.9] * 450), LOW_QUARTILE)
    found, said = watch.decide(lambda: None, 2.0)
    assert (found.value, said) == (1.9, "accept")
    assert found.samples > 50
    found, said = Stopwatch(scripted([2.1] * 50), LOW_QUARTILE).decide(lambda: None, 2.0)
    assert (found.samples, said) == (50, "reject")


@pytest.mark.parametrize(
    ("ratios", "turns", "verdict"),
    [
        ([1.5] * 30, 30, "accept"),
        ([2.5] * 30, 30, "reject"),
        ([1.9] * 25 + [2.1] * 5 + [1.9] * 90, 60, "accept"),  # one of six, then one of twelve
        ([1.9, 2.1] * 120, 240, "measure more"),
    ],
)
def test_a_ratio_is_measured_until_it_is_clear(ratios, turns, verdict):
    times = [time for ratio in ratios for time in (10 * ratio, 10.0)]
    watch = Stopwatch(scripted(times), MEDIAN)
    ratio, own, said = decide_ratio(watch, lambda: None, lambda: None, 2.0)
    assert (ratio.samples, said) == (turns, verdict)
    assert own.value == pytest.approx(10 * sorted(ratios[:turns])[turns // 2], rel=0.11)


def test_a_range_is_judged_at_both_ends():
    watch = Stopwatch(scripted([1.0] * 500), LOW_QUARTILE)
    assert watch.decide(lambda: None, 2.0, least_ms=0.5)[1] == "accept"
    assert watch.decide(lambda: None, 2.0, least_ms=1.5)[1] == "reject"
    _, _, said = decide_ratio(watch, lambda: None, lambda: None, 2.0, least=1.5)
    assert said == "reject"


@pytest.mark.parametrize(
    ("ms", "samples", "verdict"),
    [
        ([1.5] * 12, 12, "accept"),
        ([2.6] * 12, 12, "reject"),
        ([1.7] * 62, 50, "accept"),  # a short look does not judge what is near
        ([2.4] * 62, 50, "reject"),
    ],
)
def test_a_short_look_judges_what_is_far_from_its_limit(ms, samples, verdict):
    watch = Stopwatch(scripted(ms), LOW_QUARTILE)
    found, said = watch.decide(lambda: None, 2.0, quick=True)
    assert (found.samples, said) == (samples, verdict)


@pytest.mark.parametrize(
    ("ratio", "samples", "verdict"),
    [(1.5, 12, "accept"), (2.6, 12, "reject"), (1.7, 30, "accept"), (2.4, 30, "reject")],
)
def test_a_ratio_that_is_far_from_its_limit_needs_no_turns(ratio, samples, verdict):
    ms = 10 * ratio
    seen = Stopwatch(scripted([10.0] * 12), LOW_QUARTILE).quick_estimate(lambda: None)
    watch = Stopwatch(scripted([ms] * 12 + [ms, 10.0] * 30), LOW_QUARTILE)
    found, own, said = decide_ratio(watch, lambda: None, lambda: None, 2.0, reference_estimate=seen)
    assert (found.samples, said) == (samples, verdict)
    assert (own.value, own.samples) == (pytest.approx(ms), samples)


def test_a_ratio_of_two_short_looks_holds_what_both_allow():
    watch = Stopwatch(scripted([*[4.0] * 4, *[5.0] * 8, *[2.0] * 4, *[2.5] * 8]), LOW_QUARTILE)
    own, other = watch.quick_estimate(lambda: None), watch.quick_estimate(lambda: None)
    ratio = own.over(other)
    assert (ratio.low, ratio.value, ratio.high) == (1.6, 2.0, 2.5)


def test_a_short_look_ends_when_its_time_is_over():
    watch = Stopwatch(scripted([1.9] * 12), LOW_QUARTILE)
    found, said = watch.decide(lambda: None, 2.0, quick=True, most_s=0)
    assert (found.samples, said) == (12, "accept")
    seen = Stopwatch(scripted([10.0] * 12), LOW_QUARTILE).quick_estimate(lambda: None)
    for most_s, samples in ((0, 12), (60, 30)):
        watch = Stopwatch(scripted([19.0] * 12 + [19.0, 10.0] * 30), LOW_QUARTILE)
        ratio, _, said = decide_ratio(
            watch, lambda: None, lambda: None, 2.0, reference_estimate=seen, most_s=most_s
        )
        assert (ratio.samples, said) == (samples, "accept")


@pytest.mark.parametrize("quantile", [LOW_QUARTILE, MEDIAN])
def test_several_take_turns_with_one_another(quantile):
    order = []
    # The machine slows down: the ratios stay.
    times = [t * (1 + turn / 30) for turn in range(30) for t in (3.0, 1.0, 2.0)]
    runs = [lambda name=name: order.append(name) for name in "abr"]
    watch = Stopwatch(scripted(times), quantile)
    found = time_interleaved(watch, runs[:2], runs[2], rounds=30, least_s=0)
    assert [ratio.value for _, ratio in found] == [pytest.approx(1.5), pytest.approx(0.5)]
    assert {(ms.samples, ratio.samples) for ms, ratio in found} == {(30, 30)}
    assert "".join(order) == "aaabbbrrr" + "aabbrr" * 30
    ((ms, ratio),) = time_interleaved(
        Stopwatch(scripted([1.0] * 30), quantile), runs[:1], least_s=0
    )
    assert (ms.value, ms.samples, ratio) == (1.0, 30, None)


def test_one_thread_and_back():
    before = torch.get_num_threads()
    with one_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == before


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("work", [forward_pass, training_step])
def test_work_can_be_repeated_without_a_change(monkeypatch, work, dtype):
    built = []
    dummy_network = work_module.dummy_network
    monkeypatch.setattr(
        work_module, "dummy_network", lambda each: built.append(dummy_network(each)) or built[-1]
    )
    run = work(SMALL, batch=3, dtype=dtype)
    calls = []
    built[0].register_forward_hook(lambda module, given, scores: calls.append((given[0], scores)))
    before = [each.clone() for each in built[0].parameters()]
    run()
    run()
    assert all(torch.equal(*pair) for pair in zip(before, built[0].parameters(), strict=True))
    images, scores = calls[1]
    assert tuple(images.shape) == (3, *SMALL.input)
    assert images.is_contiguous(memory_format=torch.channels_last)
    assert scores.dtype == dtype
    assert built[0].training == (work is training_step)
    assert scores.is_inference() == (work is forward_pass)
    assert all((each.grad is not None) == (work is training_step) for each in built[0].parameters())


def test_a_network_that_cannot_exist_is_refused():
    with pytest.raises(ArchitectureError):
        forward_pass(SMALL.at((3, 2, 2)))


def test_the_machine_is_on_record():
    with one_thread():
        machine = timing_machine(CPU)
    assert machine["threads"] == 1
    assert machine["torch"] == torch.__version__
    assert machine["device"]


def test_the_clock_of_the_processor_gives_milliseconds_of_work_alone():
    def work():
        end = time.thread_time() + 0.002
        while time.thread_time() < end:
            pass

    def held_up():
        work()
        time.sleep(0.02)

    watch = stopwatch(CPU)
    assert watch.time(work, repeats=20, least_s=0).low >= 2.0
    assert 2.0 <= watch.time(held_up, repeats=20, least_s=0).low < 20.0


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no GPU here")
@pytest.mark.parametrize("work", [forward_pass, training_step])
def test_a_gpu_is_timed_to_the_end_of_its_work(work):
    device = torch.device("cuda")
    wide = Architecture((64, 128, 128), parse_notation("(3,512)x4"), GAP, 10)
    watch = stopwatch(device)
    small = watch.time(work(SMALL, batch=2, device=device), repeats=30, least_s=0)
    large = watch.time(work(wide, batch=16, device=device), repeats=30, least_s=0)
    # 2 x 10^12 multiply-adds: no GPU does them in the time that it takes to launch them.
    assert large.value > 5 * small.value
    assert timing_machine(device)["cuda"]
