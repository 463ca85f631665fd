"""The machine's pace: how long a pacemaker takes now, against what it takes in calm.

A processor that is shared, or that minds its temperature, runs several per cent faster in one
minute than in the next. So a time is read beside a pacemaker, a network that never changes, and
told at the pace at which that takes as long as it does when nothing disturbs it.

Not all feel the same: what shares the core slows a network of many small operations by a third,
and one of large products, or one that waits for the memory, hardly. So the pacemaker runs on images
of three sizes, and each network beside the one that takes most nearly as long as itself.

A product of two matrices would be simpler, but it feels another drift than convolutions do.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log

from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.timing.clock import LOW_QUARTILE, Clock, Run
from nas_tc.timing.estimate import quantile_of
from nas_tc.timing.work import forward_pass

_STAGES = parse_notation("(3,32)/2 | (3,64) | 2/2 | (3,96)x2")
PACEMAKERS = tuple(Architecture((3, side, side), _STAGES, GAP, 10) for side in (48, 112, 224))
_COUNTED = 3  # runs in a row at least, after one that is not counted
_ENOUGH_MS = 4.0  # or fewer that take so long
_SHARE = 0.1  # of the time of what is timed: for so long at least


def _built(kind: int) -> Run:
    return forward_pass(PACEMAKERS[kind])


@dataclass(frozen=True, slots=True)
class Pacemaker:
    """A network to run beside another, somewhere in memory.

    Attributes:
        kind: its place among `PACEMAKERS`.
        calm_ms: how long it takes when nothing disturbs it.
        run: the network.
        clock: to read it with.
    """

    kind: int
    calm_ms: float
    run: Run
    clock: Clock

    def samples(self, beside_ms: float = 0.0) -> list[float]:
        """Milliseconds of the pacemaker, a few times in a row.

        Args:
            beside_ms: what was timed took since the last look: a tenth of it is looked, at least.
        """
        self.run()  # brings its own data back into the cache
        found: list[float] = []
        taken = 0.0
        while (len(found) < _COUNTED and taken < _ENOUGH_MS) or taken < _SHARE * beside_ms:
            found.append(self.clock(self.run))
            taken += found[-1]
        return found

    def slowness(self, samples: Sequence[float]) -> float:
        """How many times as long as in calm it took in these samples."""
        return quantile_of(samples, LOW_QUARTILE) / self.calm_ms


@dataclass(frozen=True, slots=True)
class Pace:
    """How long the pacemakers take on a device in calm.

    Attributes:
        calm_ms: of each of `PACEMAKERS`.
        clock: to read them with.
        make: builds one of them, elsewhere in memory each time.
    """

    calm_ms: tuple[float, ...]
    clock: Clock
    make: Callable[[int], Run] = _built

    def kind(self, own_ms: float) -> int:
        """Which pacemaker takes most nearly as long as what takes so many milliseconds."""
        return nearest(self.calm_ms, own_ms)

    def pacemaker(self, kind: int) -> Pacemaker:
        """One of them, built anew."""
        return Pacemaker(kind, self.calm_ms[kind], self.make(kind), self.clock)

    def beside(self, own_ms: float) -> Pacemaker:
        """The one to run beside what takes so many milliseconds, built anew."""
        return self.pacemaker(self.kind(own_ms))


def nearest(calm_ms: Sequence[float], own_ms: float) -> int:
    """The place of the time that is off by the least factor."""
    return min(range(len(calm_ms)), key=lambda kind: abs(log(max(own_ms, 1e-9) / calm_ms[kind])))
