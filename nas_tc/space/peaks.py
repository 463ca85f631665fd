"""Peak memory of networks from that of their parts: units of blocks, poolings, the head.

Between two parts a single map lives, so the peak is the most of any part, beside what the parts
before it keep and, in a backward pass, the gradients of the weights behind it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from nas_tc.architecture import Activation
from nas_tc.space.space import Space

Kind = Literal["memory_int8", "memory", "train_memory"]
KINDS: tuple[Kind, ...] = ("memory_int8", "memory", "train_memory")
_BYTES = 4  # float32


@dataclass(frozen=True)
class Part:
    """Bytes of a part, or of several in a row: whole numbers, or arrays of equal shape.

    Attributes:
        forward: Most that live at once in the forward pass, what was kept before not counted.
        kept: What stays behind the part until the end of the pass; its output does not count.
        backward: Most that live at once in the backward pass, without the gradients of the weights
            behind the part, and without what was kept before it.
        gradients: Gradients of the part's weights.
    """

    forward: Any = 0
    kept: Any = 0
    backward: Any = 0
    gradients: Any = 0

    def then(self, other: "Part") -> "Part":
        """This part and another one behind it."""
        return Part(
            np.maximum(self.forward, self.kept + other.forward),
            self.kept + other.kept,
            np.maximum(self.backward + other.gradients, self.kept + other.backward),
            self.gradients + other.gradients,
        )

    @property
    def amounts(self) -> tuple[Any, ...]:
        """All four."""
        return (self.forward, self.kept, self.backward, self.gradients)

    def map(self, change: Callable[[Any], Any]) -> "Part":
        """The part with each of its amounts changed."""
        return Part(*map(change, self.amounts))


@dataclass(frozen=True)
class Peaks:
    """What is asked of the memory of parts.

    Attributes:
        kind: Name of the measure.
        batch: Number of images.
        activation: Activation of the networks.
        norm: Whether a batch normalisation follows each convolution.
    """

    kind: Kind
    batch: int
    activation: Activation
    norm: bool

    @property
    def value_bytes(self) -> int:
        """Bytes of a value of a map for all images."""
        return 1 if self.kind == "memory_int8" else 4 * self.batch

    def whole(self, part: Part, params: Any, images: Any) -> Any:
        """Bytes of whole networks.

        Args:
            part: All parts of each network.
            params: Its parameters.
            images: Values of an image that it sees.
        """
        if self.kind == "memory_int8":  # weights stay in flash
            return part.forward
        weights, inputs = _BYTES * params, self.value_bytes * images
        if self.kind == "memory":
            return weights + inputs + np.maximum(2 * inputs, part.forward)
        # The parameters and their momentum; an update has the gradients.
        peak = np.maximum(np.maximum(part.forward, part.backward), weights)
        return 2 * weights + inputs + peak


def peaks_of(space: Space, kind: Kind, batch: int) -> tuple[Peaks, ...]:
    """What to ask for each activation of a space.

    Args:
        space: Space of the networks.
        kind: Name of the measure.
        batch: Number of images.
    """
    norm = space.norm == "batch" and kind != "memory_int8"  # folded into the filters in int8
    return tuple(Peaks(kind, batch, each, norm) for each in space.activations)  # type: ignore[arg-type]
