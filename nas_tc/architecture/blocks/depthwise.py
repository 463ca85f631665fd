"""Convolutions that filter each channel by itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from nas_tc.architecture.blocks.unit import Unit
from nas_tc.architecture.layers import Conv, Layer
from nas_tc.errors import ArchitectureError


@dataclass(frozen=True, slots=True)
class Depthwise:
    """One filter, or a whole number of filters, for each input channel."""

    convs: ClassVar[int] = 1

    def layers(self, unit: Unit) -> Iterator[Layer]:
        """The unit's layers; raises ArchitectureError for a width that is no multiple."""
        n_in = unit.input[0]
        if unit.n_out % n_in:
            raise ArchitectureError(
                f"{unit.name}: a depthwise convolution of {n_in} channels cannot have "
                f"{unit.n_out} filters; its width must be a multiple of its input channels"
            )
        yield depthwise(unit, unit.name, unit.n_out)


@dataclass(frozen=True, slots=True)
class Separable:
    """A depthwise convolution, then a 1x1 that mixes the channels (Howard et al. 2017)."""

    convs: ClassVar[int] = 2

    def layers(self, unit: Unit) -> Iterator[Layer]:
        """The unit's layers."""
        yield depthwise(unit, f"{unit.name}.depthwise", unit.input[0])
        shape = (unit.input[0], unit.height, unit.width)
        yield unit.conv("pointwise", shape, unit.n_out, 1, activation=unit.activation)


def depthwise(unit: Unit, name: str, n_out: int) -> Conv:
    """The unit's own filter on each input channel."""
    return Conv(
        name,
        unit.input,
        n_out,
        unit.filter,
        unit.stride,
        unit.padding,
        unit.norm,
        (n_out, unit.height, unit.width),
        unit.activation,
        groups=unit.input[0],
    )
