"""What a worker is asked about time, and how it answers: the clock's part of a candidate."""

import time
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch

from nas_tc.architecture import Architecture
from nas_tc.data.cache import cache_folder
from nas_tc.latency import LayerProfile, profile_layers
from nas_tc.timing import (
    Estimate,
    Make,
    NodeLock,
    Run,
    Setting,
    Stopwatch,
    TimeLimit,
    Verdict,
    find_reference_speed,
    kept_reference_speed,
    one_thread,
    stopwatch,
    time_builds,
    timing_machine,
    work_of,
)

_BRIEF_RUNS = 6  # of a look into a network for a table that knows most
_SEEN_S = 120.0  # how long a short look at a reference holds
_FRONT_S = 60.0  # fewer builds of it, but five, where they would take longer
_FRONT_BUILDS = 9  # of each member of the front: the median's interval leaves one out at each end


@dataclass(slots=True)
class Reference:
    """The reference of a limit, built, and what it took when it was last looked at."""

    run: Run
    seen: Estimate | None = None
    at_s: float = 0.0  # of the monotonic clock


@dataclass(slots=True)
class Bench:
    """What a worker has at hand to read the clock with; the same in all its life.

    Attributes:
        device: where networks run.
        lock: of the node.
        watch: tells times at the machine's calm pace, where that is known.
        references: kept between orders, for it takes longer to build AlexNet than to time it.
    """

    device: torch.device
    lock: NodeLock
    watch: Stopwatch
    references: dict[tuple[Setting, Architecture], Reference] = field(default_factory=dict)

    @classmethod
    def here(cls, device: torch.device, lock: NodeLock) -> "Bench":
        """With the calm pace of this machine, which is measured if it is not known yet."""
        with one_thread(), lock.timing():
            pace = find_reference_speed(device, cache_folder())
        return cls(device, lock, stopwatch(device, pace))

    def keep_pace(self) -> None:
        """Takes over what another worker has found to be calm meanwhile: all tell by the same."""
        with one_thread():
            pace = kept_reference_speed(self.device, cache_folder())
        known = self.watch.pace
        if pace is not None and (known is None or pace.calm_ms != known.calm_ms):
            self.watch = stopwatch(self.device, pace)
            for reference in self.references.values():
                reference.seen = None


@dataclass(frozen=True, slots=True)
class TimingRequest:
    """A network to be judged, and networks whose layers are to be timed for the table.

    Attributes:
        network: to be judged.
        limits: on its times.
        inside: settings and networks for the table.
        brief: whether a short look will do for the layers, and where there is no pace for what
            is far from its limits; where there is one, it does for that always.
        most_s: seconds that a verdict may take, a short look not counted.
    """

    network: Architecture
    limits: tuple[TimeLimit, ...]
    inside: tuple[tuple[Setting, Architecture], ...] = ()
    brief: bool = False
    most_s: float = 60.0

    @property
    def networks(self) -> tuple[Architecture, ...]:
        """What is to be judged."""
        return (self.network,)


@dataclass(frozen=True, slots=True)
class FrontTimingRequest:
    """Networks to be timed with care, by turns with one another."""

    networks: tuple[Architecture, ...]
    limits: tuple[TimeLimit, ...]
    least_s: float = 2.0  # that it takes at least; thirty turns too


@dataclass(frozen=True, slots=True)
class Figure:
    """A time and what it means for one limit."""

    name: str
    time: Estimate  # milliseconds
    ratio: Estimate | None  # to the reference, by turns
    verdict: Verdict  # "measure more": it straddled the limit to the end
    within: bool  # what counts: the verdict, or the figure itself where there is none

    @classmethod
    def of(
        cls, limit: TimeLimit, time: Estimate, ratio: Estimate | None, verdict: Verdict
    ) -> "Figure":
        """The figure with what counts."""
        value = time.value if ratio is None else ratio.value
        within = (
            limit.least <= value <= limit.most if verdict == "measure more" else verdict == "accept"
        )
        return cls(limit.name, time, ratio, verdict, within)


@dataclass(frozen=True, slots=True)
class TimingResult:
    """A worker's answer to a `TimingRequest`; figures up to the first limit that is broken."""

    figures: tuple[Figure, ...]
    inside: tuple[tuple[Setting, Architecture, LayerProfile], ...]
    machine: dict[str, Any]
    seconds: float = 0.0  # that the worker spent on it, waiting for others included
    calm_ms: tuple[float, ...] | None = None  # of the pacemakers that the times are told by


@dataclass(frozen=True, slots=True)
class FrontTimingResult:
    """A worker's answer to a `FrontTimingRequest`: the figures of each network, for every limit."""

    figures: tuple[tuple[Figure, ...], ...]
    seconds: float = 0.0  # that the worker spent on it


def measure(order: TimingRequest, bench: Bench) -> TimingResult:
    """Measures what is asked, alone on the node.

    The lock is given back between two figures, so that training goes on.
    """
    started = time.monotonic()
    bench.keep_pace()
    figures: list[Figure] = []
    with one_thread():
        insides = []
        for setting, network in order.inside:
            look = partial(profile_layers, network, setting, bench.device, pace=bench.watch.pace)
            with bench.lock.timing():
                inside = look(least_s=0.0, fewest=_BRIEF_RUNS) if order.brief else look()
            insides.append((setting, network, inside))
        for limit in order.limits:
            figures.append(_figure(order, limit, bench))
            if not figures[-1].within:
                break
        machine = timing_machine(bench.device)
    pace = bench.watch.pace
    calm_ms = None if pace is None else pace.calm_ms
    seconds = time.monotonic() - started
    return TimingResult(tuple(figures), tuple(insides), machine, seconds, calm_ms)


def time_together(order: FrontTimingRequest, bench: Bench) -> FrontTimingResult:
    """Measures several networks with care."""
    started = time.monotonic()
    bench.keep_pace()
    columns = []
    with one_thread():
        for limit in order.limits:
            found = _together(order, limit, bench)
            columns.append(
                [
                    Figure.of(limit, ms, ratio, (ratio or ms).judge(limit.most, limit.least))
                    for ms, ratio in found
                ]
            )
    figures = tuple(zip(*columns, strict=True))
    return FrontTimingResult(figures, time.monotonic() - started)


def _together(
    order: FrontTimingRequest, limit: TimeLimit, bench: Bench
) -> list[tuple[Estimate, Estimate | None]]:
    """Of each network its milliseconds, and its ratio to the limit's reference if there is one.

    The reference stays where it is: it takes longer to build AlexNet than to time it.
    """
    makes: list[Make] = [
        partial(work_of, each, limit.setting, bench.device) for each in order.networks
    ]
    reference = _reference(limit, bench)
    with bench.lock.timing():
        if bench.device.type != "cpu":
            return bench.watch.together(
                [make() for make in makes],
                None if reference is None else reference.run,
                least_s=order.least_s,
            )
        if reference is not None:
            run = reference.run
            makes.append(lambda: run)
        times = time_builds(
            bench.watch,
            makes,
            builds=_FRONT_BUILDS,
            build_s=order.least_s / _FRONT_BUILDS,
            most_s=_FRONT_S,
        )
    return [
        (times.time(number), None if reference is None else times.ratio(number))
        for number in range(len(order.networks))
    ]


def _figure(order: TimingRequest, limit: TimeLimit, bench: Bench) -> Figure:
    watch = bench.watch
    shortly = order.brief or watch.pace is not None
    run = work_of(order.network, limit.setting, bench.device)
    reference = _reference(limit, bench)
    ratio: Estimate | None = None
    with bench.lock.timing():
        if reference is None:
            figure, verdict = watch.decide(
                run, limit.most, least_ms=limit.least, most_s=order.most_s, glance=shortly
            )
        else:
            ratio, figure, verdict = watch.decide_ratio(
                run,
                reference.run,
                limit.most,
                least=limit.least,
                most_s=order.most_s,
                seen=_glance(reference, watch) if shortly else None,
            )
    return Figure.of(limit, figure, ratio, verdict)


def _glance(reference: Reference, watch: Stopwatch) -> Estimate:
    """What the reference takes; looked at every two minutes, for it may be far slower."""
    now = time.monotonic()
    if reference.seen is None or now - reference.at_s > _SEEN_S:
        reference.seen, reference.at_s = watch.glance(reference.run), now
    return reference.seen


def _reference(limit: TimeLimit, bench: Bench) -> Reference | None:
    if limit.reference is None:
        return None
    key = limit.setting, limit.reference
    if key not in bench.references:
        bench.references[key] = Reference(work_of(limit.reference, limit.setting, bench.device))
    return bench.references[key]
