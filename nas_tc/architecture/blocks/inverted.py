"""The inverted residual (Sandler et al. 2018), with squeeze-and-excitation (Hu et al. 2018)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from nas_tc.architecture.blocks.unit import Unit
from nas_tc.architecture.layers import Add, GlobalPool, Layer, Scale
from nas_tc.errors import ArchitectureError


@dataclass(frozen=True, slots=True)
class Inverted:
    """1x1 to `expansion` times the channels, a depthwise filter there, a linear 1x1 down.

    The input is added where the shape stays the same. With `se` the wide map is scaled channel
    by channel: averaged, squeezed to an `se`-th of the block's input channels, and expanded to
    factors of 0 to 1, as EfficientNet has it (Tan & Le 2019).

    Raises:
        ArchitectureError: The expansion is below 1, or `se` is below 0.
    """

    expansion: int
    se: int = 0  # the squeeze has n_in / se channels; 0: no squeeze-and-excitation
    convs: ClassVar[int] = 3

    def __post_init__(self) -> None:
        if self.expansion < 1 or self.se < 0:
            raise ArchitectureError(
                "an inverted residual needs an expansion of 1 or more and an se of 0 or more, not "
                f"{self.expansion} and {self.se}"
            )

    def layers(self, unit: Unit) -> Iterator[Layer]:
        """The unit's layers."""
        shape = unit.input
        wide = unit.input[0] * self.expansion
        if self.expansion > 1:
            expand = unit.conv("expand", shape, wide, 1, activation=unit.activation)
            yield expand
            shape = expand.output
        depthwise = unit.conv(
            "depthwise",
            shape,
            wide,
            unit.filter,
            stride=unit.stride,
            activation=unit.activation,
            groups=wide,
        )
        yield depthwise
        if self.se:
            yield from self._excite(unit, depthwise.name, depthwise.output)
        project = unit.conv("project", depthwise.output, unit.n_out, 1)
        yield project
        if unit.input == unit.output:
            yield Add(f"{unit.name}.add", unit.output, (project.name, unit.source), None)

    def _excite(self, unit: Unit, source: str, shape: tuple[int, int, int]) -> Iterator[Layer]:
        """The factors of each channel, and the product with them."""
        pool = GlobalPool(f"{unit.name}.squeeze", shape)
        yield pool
        narrow = max(1, unit.input[0] // self.se)
        reduce = unit.conv("reduce", pool.output, narrow, 1, activation=unit.activation, norm=False)
        yield reduce
        excite = unit.conv("excite", reduce.output, shape[0], 1, activation="sigmoid", norm=False)
        yield excite
        yield Scale(f"{unit.name}.scale", shape, (source, excite.name))
