"""The machine's speed now, by networks that never change: a refinement of the stopwatch.

A processor that is shared, or that limits its temperature, runs several per cent faster in one
minute than in the next. A figure that should repeat tomorrow is divided by the slowdown: how many
times as long the baseline networks take now as they take on the quiet machine.

Networks are not slowed alike. Other programs on the same core slow a network of many small
operations by a third, but one of large products, or one that waits for memory, hardly at all. So
there are three baseline networks, the same layers on images of three sizes. A network is compared
with the one that takes about as long, or with the two that take less and more.

A product of two matrices would be simpler, but drifts otherwise than convolutions do. What
onnxruntime runs is compared with baseline networks that it runs, too: torch's are up to 15 % slower
between runs of onnxruntime, however quiet the machine is, since they find none of their code and
data in the caches.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, log

import torch

from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.timing.clock import LOW_QUARTILE, Clock, Run
from nas_tc.timing.estimate import quantile_of
from nas_tc.timing.setting import Runtime, Setting
from nas_tc.timing.work import work_of

_STAGES = parse_notation("(3,32)/2 | (3,64) | 2/2 | (3,96)x2")
BASELINES = tuple(Architecture((3, pixels, pixels), _STAGES, GAP, 10) for pixels in (48, 112, 224))
_WARM_UP_MS = 2.0  # runs in a row that are not counted, one at least: the first is a third slower
_LEAST_MS = 0.05  # that a run counts as, whatever a coarse clock reads
_FEWEST_RUNS = 3  # in a row, after those
_ENOUGH_MS = 4.0  # fewer runs, if they take this long together
_SHARE = 0.1  # of the time of what is timed, at least, goes to the baseline networks
_INTERVAL_MS = 12.0  # of the timed networks' own time between two series of baseline runs
_INTERVAL_BASELINES = 3.0  # or so many times the largest baseline network's, if that is longer
_FEWEST_SERIES = 2
_NEGLIGIBLE = 0.15  # a smaller weight is not worth the runs


def build_baseline(kind: int, runtime: Runtime = "torch") -> Run:
    """A baseline network, ready to run on the processor.

    Args:
        kind: Its place in `BASELINES`.
        runtime: Program that runs it.
    """
    return work_of(BASELINES[kind], Setting(runtime=runtime), torch.device("cpu"))


@dataclass(frozen=True, slots=True)
class ReferenceSpeed:
    """Times of the baseline networks on the quiet machine.

    Attributes:
        quiet_ms: Milliseconds of each of `BASELINES`, from small to large.
        clock: Clock that they were read with.
        build: Builds a baseline network by its place, elsewhere in memory each time.
    """

    quiet_ms: tuple[float, ...]
    clock: Clock
    build: Callable[[int], Run] = build_baseline


class BaselineSpeed:
    """Runs of baseline networks between those of the networks that are timed.

    Args:
        reference_speed: Times of the baseline networks on the quiet machine.
        own_ms: Milliseconds of each network that is timed, roughly.
    """

    def __init__(self, reference_speed: ReferenceSpeed, own_ms: Sequence[float]) -> None:
        self._reference_speed = reference_speed
        self._weights = [baseline_weights(reference_speed.quiet_ms, ms) for ms in own_ms]
        kinds = sorted(set().union(*self._weights))
        self._runs = {kind: reference_speed.build(kind) for kind in kinds}
        self._samples: dict[int, list[float]] = {kind: [] for kind in self._runs}
        self._since_ms = [0.0] * len(own_ms)
        self._series = 0

    def update(self, taken_ms: Sequence[float]) -> bool:
        """Adds the networks' latest times, and runs the baseline networks when they are due.

        Args:
            taken_ms: Milliseconds that each network has taken since the last call.

        Returns:
            Whether baseline networks ran, and so may have displaced the network from the caches.
        """
        self._since_ms = [since + ms for since, ms in zip(self._since_ms, taken_ms, strict=True)]
        longest_ms = max(self._reference_speed.quiet_ms[kind] for kind in self._runs)
        is_due = sum(self._since_ms) >= max(_INTERVAL_MS, _INTERVAL_BASELINES * longest_ms)
        if is_due:
            self.sample()
        return is_due

    def sample(self) -> None:
        """Times each baseline network for a tenth of what its networks took since, or longer."""
        for kind, run in self._runs.items():
            shares = zip(self._weights, self._since_ms, strict=True)
            its_ms = sum(each.get(kind, 0.0) * ms for each, ms in shares)
            self._samples[kind] += baseline_samples(self._reference_speed.clock, run, its_ms)

        self._since_ms = [0.0] * len(self._weights)
        self._series += 1

    def slowdown(self, own_ms: float, network: int = 0) -> float:
        """Slowdown of a network: how many times as long it takes now as on the quiet machine.

        Args:
            own_ms: Milliseconds that the network takes now. Between two baseline networks they
                decide how much each of the two counts.
            network: Place of the network among those that are timed.
        """
        while self._series < _FEWEST_SERIES:
            self.sample()
        now_ms = {kind: quantile_of(self._samples[kind], LOW_QUARTILE) for kind in self._runs}
        kinds = sorted(self._weights[network])
        weights = {kinds[0]: 1.0}
        if len(kinds) == 2 and now_ms[kinds[0]] < now_ms[kinds[1]]:
            upper = _log_position(own_ms, *(now_ms[kind] for kind in kinds))
            weights = {kinds[0]: 1 - upper, kinds[1]: upper}
        return time_factor(weights, self._reference_speed.quiet_ms, now_ms)


def baseline_samples(clock: Clock, run: Run, since_ms: float = 0.0) -> list[float]:
    """Milliseconds of a few runs in a row of a baseline network.

    Args:
        clock: Clock to read.
        run: Baseline network.
        since_ms: Milliseconds of what was timed since the last series; the runs take a tenth of
            them, at least.
    """
    warm_up_ms = 0.0
    while warm_up_ms < _WARM_UP_MS:  # brings its own data back into the caches
        warm_up_ms += max(clock(run), _LEAST_MS)
    samples: list[float] = []
    taken_ms = 0.0
    while (len(samples) < _FEWEST_RUNS and taken_ms < _ENOUGH_MS) or taken_ms < _SHARE * since_ms:
        samples.append(clock(run))
        taken_ms += samples[-1]
    return samples


def baseline_weights(quiet_ms: Sequence[float], own_ms: float) -> dict[int, float]:
    """Weights of the one or two baseline networks that take about as long as a network.

    Args:
        quiet_ms: Milliseconds of the baseline networks, from small to large.
        own_ms: Milliseconds of the network.

    Returns:
        Weights that add up to 1, by the places of the baseline networks. Between two of them they
        follow the logarithms of the times.
    """
    last = len(quiet_ms) - 1
    above = next((kind for kind, ms in enumerate(quiet_ms) if own_ms < ms), last)
    if above == 0 or own_ms >= quiet_ms[last]:
        return {above: 1.0}
    below = above - 1
    upper = _log_position(own_ms, quiet_ms[below], quiet_ms[above])
    if upper < _NEGLIGIBLE:
        return {below: 1.0}
    return {above: 1.0} if upper > 1 - _NEGLIGIBLE else {below: 1 - upper, above: upper}


def time_factor(
    weights: Mapping[int, float],
    before_ms: Sequence[float] | Mapping[int, float],
    after_ms: Sequence[float] | Mapping[int, float],
) -> float:
    """Factor by which a network's time changes when those of the baseline networks do.

    Args:
        weights: Weights from `baseline_weights`.
        before_ms: Milliseconds of the baseline networks, by place.
        after_ms: The same, later.
    """
    logs = (share * log(after_ms[kind] / before_ms[kind]) for kind, share in weights.items())
    return exp(sum(logs))


def _log_position(own_ms: float, below_ms: float, above_ms: float) -> float:
    """Position of a time between two others on a logarithmic scale, 0 to 1."""
    return min(max(log(own_ms / below_ms) / log(above_ms / below_ms), 0.0), 1.0)
