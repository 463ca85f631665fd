"""Times of layers in milliseconds, and the prediction of a network's time from them.

A setting is a pass, a batch and a type of numbers; the times here are all of one setting.
"""

from collections import deque
from collections.abc import Collection, Iterable, Sequence
from math import exp

from nas_tc.architecture import IMAGES, Architecture, walk_parts
from nas_tc.latency.corrected_regression import CorrectedRegression
from nas_tc.latency.guess_errors import Guess, GuessErrors, Timed
from nas_tc.latency.layer_profile import LEAST_MS, LayerProfile
from nas_tc.latency.layer_signature import LayerSignature, parameter_tensors, signatures_of
from nas_tc.latency.layer_time import LayerTime
from nas_tc.latency.network_overhead import fit_overhead
from nas_tc.latency.part_times import Guesser, PartTime, PartTimes
from nas_tc.latency.prediction import Prediction
from nas_tc.latency.prediction_range import range_of_checks
from nas_tc.latency.stepped_layers import SteppedLayers
from nas_tc.latency.time_regression import TimeRegression, fit_times
from nas_tc.latency.update_time import Update, fit_update
from nas_tc.latency.workload import Workload, layer_workload, network_workload

CHECKS = 40  # latest networks whose predicted time was compared with the measured one
_FITTED = 200  # latest networks that the overhead is fitted to
_FEWEST_NETWORKS = 8  # to fit the regression to, where the table has layers of others, too


class LayerTimes:
    """Times of layers in one setting on one device; grows with each network that is timed.

    Args:
        layers: Layers with their times.
        totals: Pairs for `totals` below, the latest last.
        checks: Pairs for `checks` below, the latest last.
        networks: Ids of the networks that were timed.
        updates: Parameters, tensors and milliseconds for `updates` below, the latest last.
        workloads: Pairs for `workloads` below, the latest last.
        on_gpu: Whether the times are of a GPU, which have steps in the width: see `SteppedLayers`.
        batch: Images of a pass.
        runtime_version: See below.

    Attributes:
        layers: Layers with their times, by the key of their signature.
        networks: Ids of the networks that were timed.
        totals: Sum of the layers' times and time of the whole network, milliseconds, for the latest
            networks.
        updates: Updates of the latest networks, where an update is one call for all parameters.
        checks: Predicted and measured milliseconds of the latest networks that were predicted
            before they were timed.
        workloads: Work and milliseconds, without the update, of the latest networks.
        runtime_version: Version of onnxruntime, if it made the times elsewhere or earlier; None:
            they are torch's, or made by what is installed here.
    """

    def __init__(
        self,
        layers: Iterable[LayerTime] = (),
        totals: Iterable[tuple[float, float]] = (),
        checks: Iterable[tuple[float, float]] = (),
        networks: Iterable[str] = (),
        updates: Iterable[Update] = (),
        workloads: Iterable[tuple[Workload, float]] = (),
        *,
        on_gpu: bool = False,
        batch: int = 1,
        runtime_version: str | None = None,
    ) -> None:
        self.layers: dict[str, LayerTime] = {each.signature.key: each for each in layers}
        self.networks = set(networks)
        self.totals = deque(totals, _FITTED)
        self.checks = deque(checks, CHECKS)
        self.updates = deque(updates, _FITTED)
        self.workloads = deque(workloads, _FITTED)
        self.runtime_version = runtime_version
        self._on_gpu = on_gpu
        self._batch = batch
        self._regression: TimeRegression | None = None
        self._parts = PartTimes(self.layers, self._new_guesser, self._regressed)
        self._reset()

    @property
    def error_range(self) -> tuple[float, float] | None:
        """Range of measured / predicted time for the next network; None before eight checks."""
        return range_of_checks(self.checks)

    @property
    def regression(self) -> TimeRegression | None:
        """The time of a network by its work; None if nothing was timed.

        It is fitted to the networks of `workloads`; in a table of an earlier version, which has
        few, to the layers.
        """
        if self._regression is None and self.layers:
            timed: Sequence[tuple[Workload, float]] = self.workloads
            if len(timed) < min(_FEWEST_NETWORKS, len(self.networks)) or not timed:
                factor = self._factor
                timed = [
                    (layer_workload(each.signature), each.ms * factor)
                    for each in self.layers.values()
                ]
            self._regression = fit_times(timed, self._batch)
        return self._regression

    def add(
        self,
        architecture: Architecture,
        profile: LayerProfile,
        *,
        counted: Collection[str] = (),
    ) -> None:
        """Adds the layers of a network that was timed.

        Args:
            architecture: The network.
            profile: Times of the network and its layers.
            counted: Keys of layers whose times `add_new` has added.
        """
        self.networks.add(architecture.id)
        for signature, ms in profile.layers:
            if signature.key in counted:
                continue
            kept = self.layers.get(signature.key)
            if kept is None:
                self.layers[signature.key] = LayerTime(signature, ms)
            else:
                kept.add(ms)
        self.totals.append((profile.sum_ms, profile.whole_ms))
        rest_ms = max(profile.whole_ms - (profile.update_ms or 0.0), LEAST_MS)
        work = network_workload(architecture)
        self.workloads.append((work, rest_ms))
        if profile.update_ms is not None:
            layers = [layer for part in walk_parts(architecture) for layer in part]
            self.updates.append((work.params, parameter_tensors(layers), profile.update_ms))
        self._reset()

    def add_new(self, profile: LayerProfile) -> list[str]:
        """Adds the layers that were never timed, but nothing of the network as a whole.

        Args:
            profile: Times of a network and its layers.

        Returns:
            Keys of the layers that were added.
        """
        new: dict[str, LayerTime] = {}
        for signature, ms in profile.layers:
            if signature.key not in self.layers:
                new.setdefault(signature.key, LayerTime(signature, ms))
        self.layers.update(new)
        self._reset()
        return list(new)

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
        self.workloads = deque(((w, ms * factor) for w, ms in self.workloads), _FITTED)
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
        if not self.workloads:
            self.workloads.extend(other.workloads)
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
        """The network's time; None if nothing was timed.

        Args:
            architecture: The network.

        Raises:
            ArchitectureError: A map shrinks to nothing.
        """
        if not self.layers:
            return None
        total, squares, unlike_ms = 0.0, 0.0, 0.0
        guessed = unlike = layers = parameters = tensors = 0
        found = []
        before = IMAGES
        for layers_of_part in walk_parts(architecture):
            part = self._parts.of(layers_of_part, before)
            found.append(part)
            total += part.ms
            guessed += part.guessed
            squares += part.guessed_squares
            unlike += part.unlike
            unlike_ms += part.unlike_ms
            layers += part.layers
            parameters += part.work.params
            tensors += part.tensors
            before = layers_of_part[-1].name
        if self.updates:
            total += self._update.ms(parameters, tensors)
        ms = self._fixed_ms + self._factor * total
        if self._range is None:
            low, high = self._range_by_work(found)
        elif guessed:
            low, high = self._guess_errors.widened(self._range, squares, unlike_ms, total)
        else:
            low, high = self._range
        return Prediction(ms, ms * low, ms * high, guessed, layers, unlike)

    def _range_by_work(self, parts: Sequence[PartTime]) -> tuple[float, float]:
        """Range of measured / predicted time by the errors of the regression, without checks."""
        assert self.regression is not None
        columns = zip(*(part.work for part in parts), strict=True)
        low, high = self.regression.log_range(Workload(*map(sum, columns)))
        return exp(low), exp(high)

    def _timed_layers(self) -> list[tuple[LayerSignature, float]]:
        return [(each.signature, each.ms) for each in self.layers.values()]

    def _new_guesser(self) -> Guesser:
        return self._guesser_of(self._timed_layers())

    def _guesser_of(self, timed: Timed) -> Guesser:
        return SteppedLayers(timed) if self._on_gpu else CorrectedRegression(timed, self._regressed)

    def _guess_from(self, timed: Timed) -> Guess:
        return self._guesser_of(timed).guess

    def _regressed(self, signature: LayerSignature) -> float:
        """Milliseconds of a layer by its work alone."""
        assert self.regression is not None
        return self.regression.ms(layer_workload(signature)) / self._factor

    def _reset(self) -> None:
        self._parts.forget()
        self._update = fit_update(self.updates)
        self._fixed_ms, self._factor = fit_overhead(self.totals)
        self._range = self.error_range
        self._regression = None
        self._guess_errors = GuessErrors(self._timed_layers(), self._guess_from, self._regressed)
