"""What is known of the layers' times in one setting, and what that says of a network."""

from collections import deque
from collections.abc import Hashable, Iterable
from dataclasses import dataclass

from nas_tc.architecture import IMAGES, Architecture, Layer, Node, walk_parts
from nas_tc.latency.layer_profiler import LayerProfile
from nas_tc.latency.layer_signature import (
    LayerSignature,
    nameless,
    nodes_of,
    nodes_of_part,
    signature_of,
)
from nas_tc.latency.nearest_layers import Nearby

CHECKS = 40  # networks that a table was put to the test with, the latest
_FITTED = 200  # networks whose overhead is known, the latest
_FEWEST_CHECKS = 20
_PARTS_KEPT = 1 << 15
_REMEMBERED = 20  # sightings of a layer: older ones fade

_Key = tuple[Hashable, bool]  # a layer without its name, and whether it reads the images


@dataclass(slots=True)
class LayerTime:
    """A layer and the geometric mean of its times in all networks that it was met in.

    Each is told at its own pace, so that what is left errs to both sides: the mean foretells better
    than the lowest (docs/timing.md).
    """

    unit: LayerSignature
    ms: float
    seen: int = 1  # networks

    def see(self, ms: float) -> None:
        """Takes in another network's time of it."""
        self.seen += 1
        self.ms *= (ms / self.ms) ** (1 / min(self.seen, _REMEMBERED))


@dataclass(frozen=True, slots=True)
class Prediction:
    """A time that was not measured.

    Attributes:
        ms: milliseconds; the sum of the layers' times and the network's own overhead.
        low_ms: what it would be if this were the table's worst over-estimate; 0 if unknown.
        high_ms: the same for its worst under-estimate; infinite if unknown.
        guessed: layers that were never timed, whose time is taken from similar ones.
        layers: in all.
    """

    ms: float
    low_ms: float
    high_ms: float
    guessed: int
    layers: int


@dataclass(frozen=True, slots=True)
class _Part:
    """What is known of a stage of a walk, or of its head."""

    layers_of: tuple[Layer, ...]
    ms: float  # the sum of its layers; minus infinity if one is like no other
    guessed: int
    layers: int


class LayerTimes:
    """The times of layers in one setting on one device; grows with each network that is timed.

    Attributes:
        units: by key.
        networks: ids of those that were timed.
        totals: of the latest: the sum of their layers' times and the whole.
        checks: predicted and then measured, of networks that had not been timed before.
    """

    def __init__(
        self,
        units: Iterable[LayerTime] = (),
        totals: Iterable[tuple[float, float]] = (),
        checks: Iterable[tuple[float, float]] = (),
        networks: Iterable[str] = (),
    ) -> None:
        self.units: dict[str, LayerTime] = {each.unit.key: each for each in units}
        self.networks = set(networks)
        self.totals = deque(totals, _FITTED)
        self.checks = deque(checks, CHECKS)
        # Parts by which object they are: hashing their layers would be most of what a prediction
        # costs. A part that is kept here keeps its id to itself.
        self._parts: dict[int, _Part] = {}
        self._timed: dict[_Key, LayerTime] = {}
        self._guesses: dict[_Key, tuple[float, int]] = {}
        self._nearby: Nearby | None = None
        self._reset()

    @property
    def error_range(self) -> tuple[float, float] | None:
        """A range of measured / predicted that the next one is in; None before twenty were checked.

        Of twenty the lowest and the highest, of forty the second of both ends: the next one lies
        outside with a probability of less than 10 %, whatever the distribution.
        """
        if len(self.checks) < _FEWEST_CHECKS:
            return None
        ratios = sorted(measured / predicted for predicted, measured in self.checks)
        left_out = (len(ratios) + 1) // _FEWEST_CHECKS - 1  # at each end
        return ratios[left_out], ratios[-1 - left_out]

    def add(self, architecture: Architecture, inside: LayerProfile) -> None:
        """Takes in the layers of a network that was timed."""
        self.networks.add(architecture.id)
        for unit, ms in inside.units:
            kept = self.units.get(unit.key)
            if kept is None:
                self.units[unit.key] = LayerTime(unit, ms)
            else:
                kept.see(ms)
        self.totals.append((sum(ms for _, ms in inside.units), inside.whole_ms))
        self._reset()

    def check(self, predicted_ms: float, measured_ms: float) -> None:
        """Takes note of how well a time was predicted."""
        self.checks.append((predicted_ms, measured_ms))
        self._range = self.error_range

    def rescale(self, factor: float) -> None:
        """Multiplies all times: they are told at another pace from now on."""
        for each in self.units.values():
            each.ms *= factor
        self.totals = deque(((a * factor, b * factor) for a, b in self.totals), _FITTED)
        self.checks = deque(((a * factor, b * factor) for a, b in self.checks), CHECKS)
        self._reset()

    def merge(self, other: "LayerTimes") -> None:
        """Takes in what `other` knows and we do not."""
        self.units = {**other.units, **self.units}
        self.networks |= other.networks
        if not self.totals:
            self.totals.extend(other.totals)
        if not self.checks:
            self.checks.extend(other.checks)
        self._reset()

    def unknown(self, architecture: Architecture) -> list[LayerSignature]:
        """The network's layers that were never timed, each once.

        Raises:
            ArchitectureError: a map that shrinks to nothing.
        """
        units = (
            signature_of(node, first=number == 0)
            for number, node in enumerate(nodes_of(architecture))
        )
        return list({u.key: u for u in units if u.key not in self.units}.values())

    def predict(self, architecture: Architecture) -> Prediction | None:
        """The network's time; None if a layer is like none that was timed.

        Raises:
            ArchitectureError: a map that shrinks to nothing.
        """
        total, guessed, layers = 0.0, 0, 0
        known, before = self._parts, IMAGES
        for part in walk_parts(architecture):
            said = known.get(id(part))
            if said is None:
                said = self._look_up_part(part, before)
            total += said.ms
            guessed += said.guessed
            layers += said.layers
            before = part[-1].name
        if total < 0:  # a layer like no other
            return None
        ms = self._fixed_ms + self._factor * total
        low, high = self._range or (0.0, float("inf"))
        return Prediction(ms, ms * low, ms * high, guessed, layers)

    def _look_up_part(self, part: tuple[Layer, ...], before: str) -> "_Part":
        total, guessed = 0.0, 0
        nodes = nodes_of_part(part, before)
        first = before == IMAGES
        for node in nodes:
            key = nameless(node), first
            entry = self._timed.get(key)
            if entry is not None:
                total += entry.ms
            else:
                found = self._guesses.get(key) or self._look_up(node, key)
                total += found[0]
                guessed += found[1]
            first = False
        if len(self._parts) >= _PARTS_KEPT:
            self._parts.clear()
        said = self._parts[id(part)] = _Part(part, total, guessed, len(nodes))
        return said

    def _look_up(self, node: Node, key: _Key) -> tuple[float, int]:
        """Milliseconds, and 1 if they are guessed; minus infinity if there is nothing like it."""
        unit = signature_of(node, first=key[1])
        entry = self.units.get(unit.key)
        if entry is not None:
            self._timed[key] = entry
            return entry.ms, 0
        if self._nearby is None:
            self._nearby = Nearby((each.unit, each.ms) for each in self.units.values())
        guess = self._nearby.guess(unit)
        found = self._guesses[key] = (float("-inf") if guess is None else guess), 1
        return found

    def _reset(self) -> None:
        self._parts.clear()
        self._guesses.clear()
        self._nearby = None
        self._fixed_ms, self._factor = fit_overhead(self.totals)
        self._range = self.error_range


def fit_overhead(totals: Iterable[tuple[float, float]]) -> tuple[float, float]:
    """A network's own time, milliseconds, and the factor of its layers' sum.

    A line through (sum, whole) with the least squares of the relative error, for the half of the
    networks with the least overhead: a whole run is disturbed sooner than each of its parts.

    Args:
        totals: pairs of the sum of the layers' times and the time of the whole network.
    """
    pairs = sorted(totals, key=lambda pair: pair[1] / pair[0])
    pairs = pairs[: (len(pairs) + 1) // 2]
    if not pairs:
        return 0.0, 1.0
    # Divided by the whole: 1 = fixed * a + factor * b.
    rows = [(1 / whole, layers / whole) for layers, whole in pairs]
    aa = sum(a * a for a, _ in rows)
    ab = sum(a * b for a, b in rows)
    bb = sum(b * b for _, b in rows)
    sum_a, sum_b = (sum(column) for column in zip(*rows, strict=True))
    determinant = aa * bb - ab * ab
    if determinant > 1e-9 * aa * bb:
        fixed = (sum_a * bb - sum_b * ab) / determinant
        if fixed >= 0:
            return fixed, (sum_b * aa - sum_a * ab) / determinant
    return 0.0, sum_b / bb
