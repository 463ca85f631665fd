"""The plain convolution, the paper's layer, and its later variants."""

from collections.abc import Iterator
from dataclasses import dataclass

from nas_tc.architecture.blocks.unit import Unit
from nas_tc.architecture.layers import Conv, Layer
from nas_tc.errors import ArchitectureError


@dataclass(frozen=True, slots=True)
class Plain:
    """A convolution, with a 1x1 convolution of the same width behind it if `nin` is set.

    Groups split the channels (Krizhevsky et al. 2012, over two GPUs); a dilation spreads the
    filter's taps (Yu & Koltun 2016); `nin` is network in network (He & Sun 2015, section 4.4).

    Raises:
        ArchitectureError: `groups` or `dilation` is below 1.
    """

    groups: int = 1
    dilation: int = 1  # pixels
    nin: bool = False

    def __post_init__(self) -> None:
        if self.groups < 1 or self.dilation < 1:
            raise ArchitectureError(
                f"groups and dilation must be 1 or more, not {self.groups} and {self.dilation}"
            )

    @property
    def convs(self) -> int:
        """Convolutions in a row."""
        return 2 if self.nin else 1

    def layers(self, unit: Unit) -> Iterator[Layer]:
        """The unit's layers; raises ArchitectureError for groups that do not divide."""
        if self.groups > 1:
            unit.must_divide(unit.input[0], self.groups, "input channels")
            unit.must_divide(unit.n_out, self.groups, "filters")
        yield Conv(
            unit.name,
            unit.input,
            unit.n_out,
            unit.filter,
            unit.stride,
            unit.padding,
            unit.norm,
            unit.output,
            unit.activation,
            self.groups,
            self.dilation,
        )
        if self.nin:
            yield unit.conv("nin", unit.output, unit.n_out, 1, activation=unit.activation)
