"""What a search asks its workers about times, and what they answer: values that are sent."""

from dataclasses import dataclass
from typing import Any

from nas_tc.architecture import Architecture
from nas_tc.latency import LayerProfile
from nas_tc.timing import Estimate, Setting, TimeLimit, Verdict


@dataclass(frozen=True, slots=True)
class TimingRequest:
    """Request to judge a network, and to time the layers of networks for the table.

    Attributes:
        network: Network to judge.
        limits: Limits on its times.
        to_profile: Settings and networks whose layers are timed.
        brief: Whether few runs are enough for the layers, and a quick estimate where the network
            is far from its limits. With a reference speed a quick estimate is always enough there.
        most_s: Seconds that a verdict may take, a quick estimate not counted.
    """

    network: Architecture
    limits: tuple[TimeLimit, ...]
    to_profile: tuple[tuple[Setting, Architecture], ...] = ()
    brief: bool = False
    most_s: float = 60.0

    @property
    def networks(self) -> tuple[Architecture, ...]:
        """The network to judge, as the only one."""
        return (self.network,)


@dataclass(frozen=True, slots=True)
class FrontTimingRequest:
    """Request to time several networks with care, interleaved with one another.

    Attributes:
        networks: Networks to time.
        limits: Limits on their times.
        least_s: Seconds at least; thirty rounds too.
    """

    networks: tuple[Architecture, ...]
    limits: tuple[TimeLimit, ...]
    least_s: float = 2.0


@dataclass(frozen=True, slots=True)
class JudgedTime:
    """A network's time and its verdict under one limit.

    Attributes:
        name: Name of the limit: "latency", "train_step@b128".
        estimate: Milliseconds.
        ratio: Ratio to the limit's reference, measured interleaved; None without a reference.
        verdict: Verdict; "measure more" if the interval held the limit to the end.
        within: Whether the network counts as within the limit: by the verdict, or by the value
            itself where the verdict is "measure more".
    """

    name: str
    estimate: Estimate
    ratio: Estimate | None
    verdict: Verdict
    within: bool

    @classmethod
    def of(
        cls, limit: TimeLimit, estimate: Estimate, ratio: Estimate | None, verdict: Verdict
    ) -> "JudgedTime":
        """The time with what counts.

        Args:
            limit: Limit that it is judged by.
            estimate: Milliseconds.
            ratio: Ratio to the limit's reference; None without one.
            verdict: Verdict of the stopwatch.
        """
        value = estimate.value if ratio is None else ratio.value
        within = (
            limit.least <= value <= limit.most if verdict == "measure more" else verdict == "accept"
        )
        return cls(limit.name, estimate, ratio, verdict, within)


@dataclass(frozen=True, slots=True)
class TimingResult:
    """A worker's answer to a `TimingRequest`.

    Attributes:
        times: Times of the network, up to the first limit that it breaks.
        profiles: Settings, networks and the times of their layers.
        machine: Machine that they were measured on, from `timing_machine`.
        seconds: Seconds that the worker spent on it, waiting for others included.
        quiet_ms: Milliseconds of the baseline networks, the reference speed that the times are
            corrected to; None: times are what the clock read.
    """

    times: tuple[JudgedTime, ...]
    profiles: tuple[tuple[Setting, Architecture, LayerProfile], ...]
    machine: dict[str, Any]
    seconds: float = 0.0
    quiet_ms: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True)
class FrontTimingResult:
    """A worker's answer to a `FrontTimingRequest`.

    Attributes:
        times: Times of each network, one for every limit.
        seconds: Seconds that the worker spent on it.
    """

    times: tuple[tuple[JudgedTime, ...], ...]
    seconds: float = 0.0
