"""A unit of a stage, and what its parts are."""

from dataclasses import dataclass

from nas_tc.architecture import Block, Shape
from nas_tc.errors import ArchitectureError
from nas_tc.reading.operations import Activate, Pooling, ResponseNormalisation, refusal
from nas_tc.reading.parts import Element, Excitation, Part


@dataclass(frozen=True, eq=False)
class Unit:
    """One unit of a stage.

    Attributes:
        block: Block that the unit is of.
        filter: Side of its filter, pixels.
        width: Channels of its output.
        stride: Stride, pixels.
        padding: Padding of its filter, pixels; None where the block pads by half of it.
        input: Shape of its input.
        parts: Its convolutions, in the order of the walk.
        behind: Activation behind its sum; None without one.
    """

    block: Block
    filter: int
    width: int
    stride: int
    padding: int | None
    input: Shape
    parts: tuple[Part | Excitation, ...]
    behind: Activate | None = None

    @property
    def where(self) -> str:
        """Place in the module."""
        return self.parts[0].where


Step = Unit | Pooling | ResponseNormalisation
"""What a path is made of."""


def is_pointwise_part(element: Element) -> bool:
    """Whether it is a 1x1 convolution without a stride, with an activation."""
    return (
        isinstance(element, Part)
        and element.conv.is_pointwise
        and element.conv.stride == 1
        and element.activation is not None
    )


def is_depthwise_part(element: Element) -> bool:
    """Whether it is a filter for each channel, with an activation."""
    return (
        isinstance(element, Part)
        and element.conv.is_depthwise
        and element.conv.n_out == element.conv.n_in
        and element.activation is not None
    )


def check_half(part: Part, what: str) -> None:
    """Raises the error for a filter that does not keep the map."""
    conv = part.conv
    if conv.filter % 2 == 0 or conv.padding != conv.filter // 2:
        raise refusal(
            part.where,
            f"{what} is {conv.filter}x{conv.filter}, padded by {conv.padding}",
            "it is odd, and padded by half of it",
        )
    if conv.dilation > 1:
        raise plain_filters_only(part, f"dilation {conv.dilation}")


def plain_filters_only(part: Part, met: str) -> ArchitectureError:
    """The error for a filter with groups or a dilation within a block."""
    return refusal(part.where, met, "filters of a block have neither groups nor a dilation")
