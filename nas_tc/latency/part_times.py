"""Predicted times of the parts of a walk, each worked out once: networks share most of them."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Protocol

from nas_tc.architecture import IMAGES, Layer, Node
from nas_tc.latency.layer_signature import (
    LayerSignature,
    key_without_name,
    nodes_of_part,
    parameter_tensors,
    signature_of,
)
from nas_tc.latency.layer_time import LayerTime
from nas_tc.latency.workload import Workload, walk_workload

_PARTS_KEPT = 1 << 15

_Key = tuple[Hashable, bool]  # a layer without its name, and whether it reads the images


class Guesser(Protocol):
    """Guesses the times of layers that were never timed."""

    def guess(self, signature: LayerSignature) -> float | None:
        """Milliseconds of a layer; None if it is like none that was timed."""


@dataclass(frozen=True, slots=True)
class PartTime:
    """The predicted time of a stage of a walk, or of its head.

    Attributes:
        walk: Layers of the part.
        ms: Sum over its layers, milliseconds.
        guessed: Number of layers that were never timed.
        guessed_squares: Sum of the squares of their milliseconds, without the unlike ones.
        unlike: Number of layers like none that was timed.
        unlike_ms: Their milliseconds.
        layers: Number of all layers.
        work: Their work.
        tensors: Number of tensors that hold their parameters.
    """

    walk: tuple[Layer, ...]
    ms: float
    guessed: int
    guessed_squares: float
    unlike: int
    unlike_ms: float
    layers: int
    work: Workload
    tensors: int


class PartTimes:
    """Predicts parts of walks, and remembers them.

    Args:
        layers: Layers that were timed, by the key of their signature; may grow.
        new_guesser: Makes what guesses the times of others, when it is first needed.
        regressed: Milliseconds of a layer by its work alone, where no other is like it.
    """

    def __init__(
        self,
        layers: Mapping[str, LayerTime],
        new_guesser: Callable[[], Guesser],
        regressed: Callable[[LayerSignature], float],
    ) -> None:
        self._layers = layers
        self._new_guesser = new_guesser
        self._regressed = regressed
        # Parts by the id of the walk's tuple: hashing its layers would take most of a prediction's
        # time. `PartTime.walk` keeps the tuple alive, so that no other gets its id.
        self._parts: dict[int, PartTime] = {}
        self._timed: dict[_Key, LayerTime] = {}
        self._guesses: dict[_Key, tuple[float, bool]] = {}  # milliseconds, and whether unlike any
        self._guesser: Guesser | None = None

    def forget(self) -> None:
        """Forgets what was worked out from times that have changed since."""
        self._parts.clear()
        self._guesses.clear()
        self._guesser = None

    def of(self, part: tuple[Layer, ...], before: str) -> PartTime:
        """The predicted time of a part.

        Args:
            part: Layers of the part.
            before: Name of the layer that feeds them.
        """
        return self._parts.get(id(part)) or self._look_up_part(part, before)

    def _look_up_part(self, part: tuple[Layer, ...], before: str) -> PartTime:
        total, squares, unlike_ms = 0.0, 0.0, 0.0
        guessed = unlike = 0
        nodes = nodes_of_part(part, before)
        first = before == IMAGES
        for node in nodes:
            key = key_without_name(node), first
            entry = self._timed.get(key) or self._look_up(node, key)
            if entry is not None:
                total += entry.ms
            else:
                ms, is_unlike = self._guesses[key]
                total += ms
                guessed += 1
                if is_unlike:
                    unlike += 1
                    unlike_ms += ms
                else:
                    squares += ms * ms
            first = False
        if len(self._parts) >= _PARTS_KEPT:
            self._parts.clear()
        found = PartTime(
            walk=part,
            ms=total,
            guessed=guessed,
            guessed_squares=squares,
            unlike=unlike,
            unlike_ms=unlike_ms,
            layers=len(nodes),
            work=walk_workload(part),
            tensors=parameter_tensors(part),
        )
        self._parts[id(part)] = found
        return found

    def _look_up(self, node: Node, key: _Key) -> LayerTime | None:
        """The layer in the table; None if it was never timed, and its guess is among `_guesses`."""
        if key in self._guesses:
            return None
        signature = signature_of(node, first=key[1])
        entry = self._layers.get(signature.key)
        if entry is not None:
            self._timed[key] = entry
            return entry
        self._guesser = self._guesser or self._new_guesser()
        guess = self._guesser.guess(signature)
        self._guesses[key] = (self._regressed(signature), True) if guess is None else (guess, False)
        return None
