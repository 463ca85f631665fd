"""What a worker is asked about time, and how it answers: the clock's part of a candidate."""

from dataclasses import dataclass
from typing import Any

import torch

from nas_tc.architecture import Architecture
from nas_tc.timing import (
    Estimate,
    Inside,
    NodeLock,
    Setting,
    TimeLimit,
    Verdict,
    one_thread,
    stopwatch,
    time_inside,
    timing_machine,
    work_of,
)


@dataclass(frozen=True, slots=True)
class TimeOrder:
    """A network to be judged, and networks whose layers are to be timed for the table."""

    network: Architecture
    limits: tuple[TimeLimit, ...]
    inside: tuple[tuple[Setting, Architecture], ...] = ()


@dataclass(frozen=True, slots=True)
class Figure:
    """A time and what it means for one limit."""

    name: str
    time: Estimate  # milliseconds
    ratio: Estimate | None  # to the reference, by turns
    verdict: Verdict  # "measure more": it straddled the limit to the end
    within: bool  # what counts: the verdict, or the figure itself where there is none


@dataclass(frozen=True, slots=True)
class TimeReport:
    """A worker's answer to a `TimeOrder`; figures up to the first limit that is broken."""

    figures: tuple[Figure, ...]
    inside: tuple[tuple[Setting, Architecture, Inside], ...]
    machine: dict[str, Any]


def carry_out(order: TimeOrder, device: torch.device, lock: NodeLock) -> TimeReport:
    """Measures what is asked, alone on the node.

    The lock is given back between two figures, so that training goes on.
    """
    figures: list[Figure] = []
    with one_thread():
        insides = []
        for setting, network in order.inside:
            with lock.timing():
                insides.append((setting, network, time_inside(network, setting, device)))
        for limit in order.limits:
            figures.append(_figure(order.network, limit, device, lock))
            if not figures[-1].within:
                break
        return TimeReport(tuple(figures), tuple(insides), timing_machine(device))


def _figure(
    network: Architecture, limit: TimeLimit, device: torch.device, lock: NodeLock
) -> Figure:
    watch = stopwatch(device)
    run = work_of(network, limit.setting, device)
    ratio: Estimate | None = None
    if limit.reference is None:
        with lock.timing():
            time, verdict = watch.decide(run, limit.most, least_ms=limit.least)
        value = time.value
    else:
        other = work_of(limit.reference, limit.setting, device)
        with lock.timing():
            ratio, time, verdict = watch.decide_ratio(run, other, limit.most, least=limit.least)
        value = ratio.value
    within = (
        limit.least <= value <= limit.most if verdict == "measure more" else verdict == "accept"
    )
    return Figure(limit.name, time, ratio, verdict, within)
