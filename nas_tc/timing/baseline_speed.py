"""The machine's pace: how long a pacemaker takes now, against what it takes in calm.

A processor that is shared, or that minds its temperature, runs several per cent faster in one
minute than in the next. So a time is read beside a pacemaker, a network that never changes, and
told at the pace at which that takes as long as it does when nothing disturbs it.

Not all feel the same: what shares the core slows a network of many small operations by a third,
and one of large products, or one that waits for the memory, hardly. So the pacemaker runs on images
of three sizes, and each network beside the one that takes as long as itself, or beside the two
between which it lies.

A product of two matrices would be simpler, but it feels another drift than convolutions do.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, log

from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.timing.clock import LOW_QUARTILE, Clock, Run
from nas_tc.timing.estimate import quantile_of
from nas_tc.timing.work import forward_pass

_STAGES = parse_notation("(3,32)/2 | (3,64) | 2/2 | (3,96)x2")
BASELINES = tuple(Architecture((3, side, side), _STAGES, GAP, 10) for side in (48, 112, 224))
_COUNTED = 3  # runs in a row at least, after one that is not counted
_ENOUGH_MS = 4.0  # or fewer that take so long
_SHARE = 0.1  # of the time of what is timed: for so long at least
_PULSE_MS = 8.0  # of the networks' own time between two looks
_PULSE = 3.0  # or as many times the largest pacemaker's, if that is longer
_FEWEST_LOOKS = 2
_SNAP = 0.15  # a weight less than this is not worth the look


def _built(kind: int) -> Run:
    return forward_pass(BASELINES[kind])


@dataclass(frozen=True, slots=True)
class Pace:
    """How long the pacemakers take on a device in calm.

    Attributes:
        calm_ms: of each of `BASELINES`.
        clock: to read them with.
        make: builds one of them, elsewhere in memory each time.
    """

    calm_ms: tuple[float, ...]
    clock: Clock
    make: Callable[[int], Run] = _built

    def samples(self, run: Run, beside_ms: float = 0.0) -> list[float]:
        """Milliseconds of a pacemaker, a few times in a row.

        Args:
            run: the pacemaker.
            beside_ms: what was timed took since the last look: a tenth of it is looked, at least.
        """
        run()  # brings its own data back into the cache
        found: list[float] = []
        taken = 0.0
        while (len(found) < _COUNTED and taken < _ENOUGH_MS) or taken < _SHARE * beside_ms:
            found.append(self.clock(run))
            taken += found[-1]
        return found


class Beside:
    """Pacemakers beside one or several networks, and their samples.

    Args:
        pace: of the device.
        own_ms: what each network takes.
    """

    def __init__(self, pace: Pace, own_ms: Sequence[float]) -> None:
        self._pace = pace
        self._weights = [weights(pace.calm_ms, ms) for ms in own_ms]
        self._runs = {kind: pace.make(kind) for kind in sorted(set().union(*self._weights))}
        self._samples: dict[int, list[float]] = {kind: [] for kind in self._runs}
        self._since_ms = [0.0] * len(own_ms)
        self._looks = 0

    def follow(self, taken_ms: Sequence[float]) -> bool:
        """Takes note of what the networks took, and looks from time to time; whether it did."""
        self._since_ms = [since + ms for since, ms in zip(self._since_ms, taken_ms, strict=True)]
        longest_ms = max(self._pace.calm_ms[kind] for kind in self._runs)
        due = sum(self._since_ms) >= max(_PULSE_MS, _PULSE * longest_ms)
        if due:
            self.look()
        return due

    def look(self) -> None:
        """Looks at each, for a tenth of what its networks took since the last look, or longer."""
        for kind, run in self._runs.items():
            shares = zip(self._weights, self._since_ms, strict=True)
            beside_ms = sum(each.get(kind, 0.0) * ms for each, ms in shares)
            self._samples[kind] += self._pace.samples(run, beside_ms)
        self._since_ms = [0.0] * len(self._weights)
        self._looks += 1

    def slowness(self, own_ms: float, network: int = 0) -> float:
        """How many times as long as in calm all takes at the moment that a network is like.

        Args:
            own_ms: what the network takes at the moment; where it lies between two pacemakers is
                told by what these take at the same moment.
            network: its place.
        """
        while self._looks < _FEWEST_LOOKS:
            self.look()
        now = {kind: quantile_of(self._samples[kind], LOW_QUARTILE) for kind in self._runs}
        kinds = sorted(self._weights[network])
        told = {kinds[0]: 1.0}
        if len(kinds) == 2 and now[kinds[0]] < now[kinds[1]]:
            share = _share(own_ms, *(now[kind] for kind in kinds))
            told = {kinds[0]: 1 - share, kinds[1]: share}
        return scale(told, self._pace.calm_ms, now)


def weights(calm_ms: Sequence[float], own_ms: float) -> dict[int, float]:
    """Which pacemakers a network is like, and how much: of one, or of two between which it lies.

    Args:
        calm_ms: of the pacemakers, from small to large.
        own_ms: of the network.

    Returns:
        By their places weights that add up to 1, in proportion to the logarithms of the times.
    """
    last = len(calm_ms) - 1
    above = next((kind for kind, ms in enumerate(calm_ms) if own_ms < ms), last)
    if above == 0 or own_ms >= calm_ms[last]:
        return {above: 1.0}
    below = above - 1
    share = _share(own_ms, calm_ms[below], calm_ms[above])
    if share < _SNAP:
        return {below: 1.0}
    return {above: 1.0} if share > 1 - _SNAP else {below: 1 - share, above: share}


def _share(own_ms: float, below_ms: float, above_ms: float) -> float:
    """How far a time lies from one to another, by their logarithms; 0 to 1."""
    return min(max(log(own_ms / below_ms) / log(above_ms / below_ms), 0.0), 1.0)


def scale(
    weights: Mapping[int, float],
    before: Sequence[float] | Mapping[int, float],
    after: Sequence[float] | Mapping[int, float],
) -> float:
    """By which factor a network's time changes when the pacemakers' times do.

    Args:
        weights: from `weights`.
        before: times of the pacemakers, by place.
        after: the same later.
    """
    return exp(sum(share * log(after[kind] / before[kind]) for kind, share in weights.items()))
