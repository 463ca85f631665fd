"""Times of layers in milliseconds, and the prediction of a network's time from them.

A setting is a pass, a batch and a type of numbers; the times here are all of one setting.
"""

from collections import deque
from collections.abc import Hashable, Iterable
from dataclasses import dataclass

from nas_tc.architecture import IMAGES, Architecture, Layer, Node, walk_parts
from nas_tc.latency.layer_profile import LayerProfile
from nas_tc.latency.layer_signature import (
    LayerSignature,
    key_without_name,
    nodes_of_part,
    parameter_tensors,
    signature_of,
    signatures_of,
)
from nas_tc.latency.nearest_layers import NearestLayers
from nas_tc.latency.stepped_layers import SteppedLayers
from nas_tc.latency.update_time import Update, fit_update

CHECKS = 40  # latest networks whose predicted time was compared with the measured one
_FITTED = 200  # latest networks that the overhead is fitted to
_FEWEST_CHECKS = 20  # for a range of errors
_PARTS_KEPT = 1 << 15
_REMEMBERED = 20  # networks in a layer's moving mean: the weight of older ones fades

_Key = tuple[Hashable, bool]  # a layer without its name, and whether it reads the images


@dataclass(slots=True)
class LayerTime:
    """A layer and the geometric mean of its times in all networks that it was timed in.

    Each time is corrected for the slowdown of the machine. The errors that remain have both signs,
    so the mean predicts better than the lowest time (results/timing).

    Attributes:
        signature: Signature of the layer.
        ms: Mean time, milliseconds.
        networks: Number of networks that it was timed in.
    """

    signature: LayerSignature
    ms: float
    networks: int = 1

    def add(self, ms: float) -> None:
        """Adds the layer's time in another network."""
        self.networks += 1
        self.ms *= (ms / self.ms) ** (1 / min(self.networks, _REMEMBERED))


@dataclass(frozen=True, slots=True)
class Prediction:
    """A time that was not measured.

    Attributes:
        ms: Predicted time, milliseconds: the sum of the layers' times, the update of a training
            step on a GPU, and the network's overhead.
        low_ms: Lower end of the prediction's interval, milliseconds; 0 if `error_range` is not
            known.
        high_ms: Upper end, milliseconds; infinite if `error_range` is not known.
        guessed: Number of layers that were never timed; the most similar ones give their time.
        layers: Number of all layers.
    """

    ms: float
    low_ms: float
    high_ms: float
    guessed: int
    layers: int


@dataclass(frozen=True, slots=True)
class _Part:
    """The predicted time of a stage of a walk, or of its head."""

    walk: tuple[Layer, ...]
    ms: float  # sum over its layers; minus infinity if one is like none that was timed
    guessed: int
    layers: int
    parameters: int
    tensors: int


class LayerTimes:
    """Times of layers in one setting on one device; grows with each network that is timed.

    Args:
        layers: Layers with their times.
        totals: Pairs for `totals` below, the latest last.
        checks: Pairs for `checks` below, the latest last.
        networks: Ids of the networks that were timed.
        updates: Parameters, tensors and milliseconds for `updates` below, the latest last.
        on_gpu: Whether the times are of a GPU, which have steps in the width: see `SteppedLayers`.

    Attributes:
        layers: Layers with their times, by the key of their signature.
        networks: Ids of the networks that were timed.
        totals: Sum of the layers' times and time of the whole network, milliseconds, for the latest
            networks.
        updates: Updates of the latest networks, where an update is one call for all parameters.
        checks: Predicted and measured milliseconds of the latest networks that were predicted
            before they were timed.
    """

    def __init__(
        self,
        layers: Iterable[LayerTime] = (),
        totals: Iterable[tuple[float, float]] = (),
        checks: Iterable[tuple[float, float]] = (),
        networks: Iterable[str] = (),
        updates: Iterable[Update] = (),
        *,
        on_gpu: bool = False,
    ) -> None:
        self.layers: dict[str, LayerTime] = {each.signature.key: each for each in layers}
        self.networks = set(networks)
        self.totals = deque(totals, _FITTED)
        self.checks = deque(checks, CHECKS)
        self.updates = deque(updates, _FITTED)
        self._on_gpu = on_gpu
        # Parts by the id of the walk's tuple: hashing its layers would take most of a prediction's
        # time. `_Part.walk` keeps the tuple alive, so that no other gets its id.
        self._parts: dict[int, _Part] = {}
        self._timed: dict[_Key, LayerTime] = {}
        self._guesses: dict[_Key, tuple[float, int]] = {}
        self._similar: NearestLayers | SteppedLayers | None = None
        self._reset()

    @property
    def error_range(self) -> tuple[float, float] | None:
        """Range of measured / predicted time for the next network; None before twenty checks.

        It runs from the lowest to the highest of twenty, or from the second lowest to the second
        highest of forty: the next network lies outside with a probability of less than 10 %,
        whatever the distribution.
        """
        if len(self.checks) < _FEWEST_CHECKS:
            return None
        ratios = sorted(measured / predicted for predicted, measured in self.checks)
        left_out = (len(ratios) + 1) // _FEWEST_CHECKS - 1  # at each end
        return ratios[left_out], ratios[-1 - left_out]

    def add(self, architecture: Architecture, profile: LayerProfile) -> None:
        """Adds the layers of a network that was timed.

        Args:
            architecture: The network.
            profile: Times of the network and its layers.
        """
        self.networks.add(architecture.id)
        for signature, ms in profile.layers:
            kept = self.layers.get(signature.key)
            if kept is None:
                self.layers[signature.key] = LayerTime(signature, ms)
            else:
                kept.add(ms)
        self.totals.append((profile.sum_ms, profile.whole_ms))
        if profile.update_ms is not None:
            layers = [layer for part in walk_parts(architecture) for layer in part]
            parameters = sum(layer.params for layer in layers)
            self.updates.append((parameters, parameter_tensors(layers), profile.update_ms))
        self._reset()

    def add_check(self, predicted_ms: float, measured_ms: float) -> None:
        """Adds a network's predicted and measured time to `checks`."""
        self.checks.append((predicted_ms, measured_ms))
        self._range = self.error_range

    def rescale(self, factor: float) -> None:
        """Multiplies all times by a factor, because the reference speed has changed."""
        for each in self.layers.values():
            each.ms *= factor
        self.totals = deque(((a * factor, b * factor) for a, b in self.totals), _FITTED)
        self.checks = deque(((a * factor, b * factor) for a, b in self.checks), CHECKS)
        self.updates = deque(((p, t, ms * factor) for p, t, ms in self.updates), _FITTED)
        self._reset()

    def merge(self, other: "LayerTimes") -> None:
        """Adds the layers and networks of other times that these lack."""
        self.layers = {**other.layers, **self.layers}
        self.networks |= other.networks
        if not self.totals:
            self.totals.extend(other.totals)
        if not self.checks:
            self.checks.extend(other.checks)
        if not self.updates:
            self.updates.extend(other.updates)
        self._reset()

    def untimed(self, architecture: Architecture) -> list[LayerSignature]:
        """The network's layers that were never timed, each once.

        Args:
            architecture: The network.

        Raises:
            ArchitectureError: A map shrinks to nothing.
        """
        signatures = {each.key: each for each in signatures_of(architecture)}
        return [each for key, each in signatures.items() if key not in self.layers]

    def predict(self, architecture: Architecture) -> Prediction | None:
        """The network's time; None if a layer is like none that was timed.

        Args:
            architecture: The network.

        Raises:
            ArchitectureError: A map shrinks to nothing.
        """
        total, guessed, layers, parameters, tensors = 0.0, 0, 0, 0, 0
        known, before = self._parts, IMAGES
        for part in walk_parts(architecture):
            found = known.get(id(part))
            if found is None:
                found = self._look_up_part(part, before)
            total += found.ms
            guessed += found.guessed
            layers += found.layers
            parameters += found.parameters
            tensors += found.tensors
            before = part[-1].name
        if total < 0:  # a layer like no other
            return None
        if self.updates:
            total += self._update.ms(parameters, tensors)
        ms = self._fixed_ms + self._factor * total
        low, high = self._range or (0.0, float("inf"))
        return Prediction(ms, ms * low, ms * high, guessed, layers)

    def _look_up_part(self, part: tuple[Layer, ...], before: str) -> "_Part":
        """The predicted time of a part; `before` is the name of the layer that feeds it."""
        total, guessed = 0.0, 0
        nodes = nodes_of_part(part, before)
        first = before == IMAGES
        for node in nodes:
            key = key_without_name(node), first
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
        parameters = sum(layer.params for layer in part)
        tensors = parameter_tensors(part)
        found_part = _Part(part, total, guessed, len(nodes), parameters, tensors)
        self._parts[id(part)] = found_part
        return found_part

    def _look_up(self, node: Node, key: _Key) -> tuple[float, int]:
        """Milliseconds of a layer (minus infinity if none is like it), and 1 if guessed, else 0."""
        signature = signature_of(node, first=key[1])
        entry = self.layers.get(signature.key)
        if entry is not None:
            self._timed[key] = entry
            return entry.ms, 0
        if self._similar is None:
            timed = ((each.signature, each.ms) for each in self.layers.values())
            self._similar = (SteppedLayers if self._on_gpu else NearestLayers)(timed)
        guess = self._similar.guess(signature)
        found = self._guesses[key] = (float("-inf") if guess is None else guess), 1
        return found

    def _reset(self) -> None:
        self._parts.clear()
        self._guesses.clear()
        self._similar = None
        self._update = fit_update(self.updates)
        self._fixed_ms, self._factor = fit_overhead(self.totals)
        self._range = self.error_range


def fit_overhead(totals: Iterable[tuple[float, float]]) -> tuple[float, float]:
    """Fixed overhead of a network, milliseconds, and the factor for the sum of its layers' times.

    A line through (sum, whole) with the least squares of the relative error, for the half of the
    networks with the least overhead: a run of the whole network is longer than those of its
    layers, and so is disturbed more often.

    Args:
        totals: Pairs of the sum of the layers' times and the time of the whole, milliseconds.
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
