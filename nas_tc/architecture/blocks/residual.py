"""Residual blocks (He et al., "Deep residual learning for image recognition", 2016)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

from nas_tc.architecture.blocks.unit import Unit
from nas_tc.architecture.layers import Add, Layer
from nas_tc.errors import ArchitectureError


@dataclass(frozen=True, slots=True)
class Basic:
    """Two convolutions of the same size, and the input added before the last activation.

    Where the shape changes, a 1x1 convolution projects the shortcut (option B, section 4.1).
    """

    convs: ClassVar[int] = 2

    def layers(self, unit: Unit) -> Iterator[Layer]:
        """The unit's layers."""
        first = unit.conv(
            "1",
            unit.input,
            unit.n_out,
            unit.filter,
            stride=unit.stride,
            activation=unit.activation,
        )
        yield first
        yield unit.conv("2", first.output, unit.n_out, unit.filter)
        yield from _sum(unit, f"{unit.name}.2")


@dataclass(frozen=True, slots=True)
class Bottleneck:
    """1x1 to a `reduction`-th of the width, the filter there, 1x1 back, and the input added.

    The stride is on the first 1x1, as published, or on the filter, as in torchvision, where it
    costs more.

    Raises:
        ArchitectureError: The reduction is below 1, or `stride_on` has another value.
    """

    reduction: int = 4
    stride_on: Literal["first", "filter"] = "first"
    convs: ClassVar[int] = 3

    def __post_init__(self) -> None:
        if self.reduction < 1:
            raise ArchitectureError(f"reduction must be 1 or more, not {self.reduction}")
        if self.stride_on not in ("first", "filter"):
            raise ArchitectureError(
                f"a bottleneck's stride is on 'first' or 'filter', not {self.stride_on!r}"
            )

    def layers(self, unit: Unit) -> Iterator[Layer]:
        """The unit's layers; raises ArchitectureError for a reduction that does not divide."""
        if unit.n_out % self.reduction:
            raise ArchitectureError(
                f"{unit.name}: a width of {unit.n_out} cannot be reduced {self.reduction} times; "
                "the reduction must divide the width"
            )
        narrow = unit.n_out // self.reduction
        early = self.stride_on == "first"
        reduce = unit.conv(
            "reduce",
            unit.input,
            narrow,
            1,
            stride=unit.stride if early else 1,
            activation=unit.activation,
        )
        yield reduce
        filter = unit.conv(
            "filter",
            reduce.output,
            narrow,
            unit.filter,
            stride=1 if early else unit.stride,
            activation=unit.activation,
        )
        yield filter
        yield unit.conv("expand", filter.output, unit.n_out, 1)
        yield from _sum(unit, f"{unit.name}.expand")


def _sum(unit: Unit, computed: str) -> Iterator[Layer]:
    """The shortcut's projection where there is one, and the sum."""
    shortcut = unit.source
    if unit.input != unit.output:
        projection = unit.conv(
            "shortcut", unit.input, unit.n_out, 1, stride=unit.stride, source=unit.source
        )
        yield projection
        shortcut = projection.name
    yield Add(f"{unit.name}.add", unit.output, (computed, shortcut), unit.activation)
