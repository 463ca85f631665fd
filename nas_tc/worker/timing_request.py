"""Messages between a search and its workers about times: requests and results."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nas_tc.architecture import Architecture
from nas_tc.latency import LayerProfile
from nas_tc.timing import Estimate, Runtime, Setting, TimeLimit, Verdict

Pass = tuple[Setting, Architecture]


@dataclass(frozen=True, slots=True)
class LayersRequest:
    """Request to time the layers of networks for the table, briefly.

    Attributes:
        to_profile: Pairs of a setting and a network.
    """

    to_profile: tuple[Pass, ...]

    @property
    def passes(self) -> tuple[Pass, ...]:
        """The passes that run: a setting and a network of each."""
        return self.to_profile


@dataclass(frozen=True, slots=True)
class TimingRequest:
    """Request to judge a network, and to time the layers of networks for the table.

    Attributes:
        network: Network to judge.
        limits: Limits on its times.
        to_profile: Pairs of a setting and a network whose layers are timed for the table.
        brief: Whether few runs are enough for the layers, and a quick estimate for a network far
            from its limits. With a known reference speed the latter is enough in any case.
        most_s: Longest time for a verdict, seconds; a quick estimate is not counted.
    """

    network: Architecture
    limits: tuple[TimeLimit, ...]
    to_profile: tuple[tuple[Setting, Architecture], ...] = ()
    brief: bool = False
    most_s: float = 60.0

    @property
    def passes(self) -> tuple[Pass, ...]:
        """The passes that run: a setting and a network of each."""
        return _passes((self.network,), self.limits)


@dataclass(frozen=True, slots=True)
class FrontTimingRequest:
    """Request to time several networks with care, interleaved with one another.

    Attributes:
        networks: Networks to time.
        limits: Limits on their times.
        least_s: Least time for all of them, seconds, over all rounds or builds.
    """

    networks: tuple[Architecture, ...]
    limits: tuple[TimeLimit, ...]
    least_s: float = 2.0

    @property
    def passes(self) -> tuple[Pass, ...]:
        """The passes that run: a setting and a network of each."""
        return _passes(self.networks, self.limits)


@dataclass(frozen=True, slots=True)
class JudgedTime:
    """A network's time and its verdict under one limit.

    Attributes:
        name: Name of the limit: "latency", "train_step@b128".
        estimate: Time of the network, milliseconds.
        ratio: Ratio to the time of the limit's reference, measured in turn with it; None without a
            reference.
        verdict: "accept", "reject", or "measure more" if the interval still contained the limit in
            the end.
        within: Whether the network counts as within the limit: by the verdict, or by the value
            itself where the verdict is "measure more".
        not_captured: Why the time is that of eager launches, although the limit is on replays: the
            pass or its reference could not be captured in a CUDA graph. None if all is as asked.
    """

    name: str
    estimate: Estimate
    ratio: Estimate | None
    verdict: Verdict
    within: bool
    not_captured: str | None = None

    @classmethod
    def of(
        cls,
        limit: TimeLimit,
        estimate: Estimate,
        ratio: Estimate | None,
        verdict: Verdict,
        not_captured: str | None = None,
    ) -> "JudgedTime":
        """The time with its verdict, and whether the network counts as within the limit.

        Args:
            limit: Limit that the time is compared with.
            estimate: Time of the network, milliseconds.
            ratio: Ratio to the time of the limit's reference; None without one.
            verdict: Verdict of the stopwatch.
            not_captured: Why passes were launched eagerly instead of replayed; None if they were
                launched as the limit asks.
        """
        value = estimate.value if ratio is None else ratio.value
        within = (
            limit.least <= value <= limit.most if verdict == "measure more" else verdict == "accept"
        )
        return cls(limit.name, estimate, ratio, verdict, within, not_captured)


@dataclass(frozen=True, slots=True)
class TimingResult:
    """A worker's answer to a `TimingRequest`, or, without times, to a `LayersRequest`.

    Attributes:
        times: Time of the network under each limit, up to the first that it breaks.
        profiles: Settings, networks and the times of their layers, for the table.
        machine: Machine that they were measured on, from `timing_machine`.
        seconds: Seconds that the worker spent, including the wait for other workers.
        quiet_ms: Milliseconds of the fixed baseline networks on the quiet machine by runtime: the
            reference speed that its times are corrected to. A runtime that is not there has times
            as the clock read them.
    """

    times: tuple[JudgedTime, ...]
    profiles: tuple[tuple[Setting, Architecture, LayerProfile], ...]
    machine: dict[str, Any]
    seconds: float = 0.0
    quiet_ms: Mapping[Runtime, tuple[float, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FrontTimingResult:
    """A worker's answer to a `FrontTimingRequest`.

    Attributes:
        times: Times of each network, one for every limit.
        seconds: Seconds that the worker spent.
    """

    times: tuple[tuple[JudgedTime, ...], ...]
    seconds: float = 0.0


def _passes(networks: tuple[Architecture, ...], limits: tuple[TimeLimit, ...]) -> tuple[Pass, ...]:
    return tuple(
        (limit.setting, network)
        for limit in limits
        for network in (*networks, limit.reference)
        if network is not None
    )
