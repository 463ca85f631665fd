"""One unit of a stage, which its block turns into layers."""

from dataclasses import dataclass

from nas_tc.architecture.layers import Activation, Conv, Shape
from nas_tc.architecture.map_sizes import output_side
from nas_tc.errors import ArchitectureError


@dataclass(frozen=True, slots=True)
class Unit:
    """A block's place in a network: its input, and the output that its stage needs."""

    name: str  # "conv2.3"
    input: Shape
    n_out: int  # channels of the unit's output
    filter: int  # side, pixels
    stride: int
    padding: int  # padding of the unit's filter, pixels a side
    height: int  # height of the unit's output, pixels
    width: int
    norm: bool
    activation: Activation
    source: str  # name of the layer that feeds the unit

    @property
    def output(self) -> Shape:
        """Shape of the unit's output."""
        return (self.n_out, self.height, self.width)

    def conv(
        self,
        part: str,
        input: Shape,
        n_out: int,
        filter: int,
        *,
        stride: int = 1,
        activation: Activation | None = None,
        groups: int = 1,
        norm: bool | None = None,
        source: str = "",
    ) -> Conv:
        """A convolution inside the unit that pads by half its filter's side."""
        name = f"{self.name}.{part}" if part else self.name
        _, height, width = input
        padding = filter // 2
        what = f"{name}: a {filter}x{filter} filter"
        output = (
            n_out,
            output_side(height, filter, stride, padding, what),
            output_side(width, filter, stride, padding, what),
        )
        return Conv(
            name,
            input,
            n_out,
            filter,
            stride,
            padding,
            self.norm if norm is None else norm,
            output,
            activation,
            groups,
            source=source,
        )

    def must_divide(self, channels: int, groups: int, what: str) -> None:
        """Raises ArchitectureError if `channels` cannot be split into `groups`."""
        if channels % groups:
            raise ArchitectureError(
                f"{self.name}: {channels} {what} cannot be split into {groups} groups; the groups "
                "must divide the input channels and the width"
            )
