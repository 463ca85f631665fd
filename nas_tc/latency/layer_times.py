"""Times of layers in milliseconds, and the prediction of a network's time from them.

A setting is a pass, a batch and a type of numbers; the times here are all of one setting.
"""

from collections import deque
from collections.abc import Iterable

from nas_tc.architecture import IMAGES, Architecture, walk_parts
from nas_tc.latency.layer_profile import LayerProfile
from nas_tc.latency.layer_signature import LayerSignature, parameter_tensors, signatures_of
from nas_tc.latency.layer_time import LayerTime
from nas_tc.latency.nearest_layers import NearestLayers
from nas_tc.latency.network_overhead import fit_overhead
from nas_tc.latency.part_times import PartTimes
from nas_tc.latency.prediction import Prediction
from nas_tc.latency.stepped_layers import SteppedLayers
from nas_tc.latency.update_time import Update, fit_update

CHECKS = 40  # latest networks whose predicted time was compared with the measured one
_FITTED = 200  # latest networks that the overhead is fitted to
_FEWEST_CHECKS = 20  # for a range of errors


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
        self._parts = PartTimes(self.layers, self._new_guesser)
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
        for key, each in other.layers.items():
            self.layers.setdefault(key, each)
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
        before = IMAGES
        for part in walk_parts(architecture):
            found = self._parts.of(part, before)
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

    def _new_guesser(self) -> NearestLayers | SteppedLayers:
        timed = ((each.signature, each.ms) for each in self.layers.values())
        return (SteppedLayers if self._on_gpu else NearestLayers)(timed)

    def _reset(self) -> None:
        self._parts.forget()
        self._update = fit_update(self.updates)
        self._fixed_ms, self._factor = fit_overhead(self.totals)
        self._range = self.error_range
