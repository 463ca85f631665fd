"""A stage: the convolutions between two poolings (He & Sun 2015, section 4)."""

from dataclasses import dataclass
from typing import Literal

from nas_tc.architecture.blocks import KEEPS_MAP, Block, Plain
from nas_tc.errors import ArchitectureError

ResponseNormPlace = Literal["none", "before", "after"]

MOST = 1_000_000  # greatest number in a network: no file can ask for endless work
MOST_DEPTH = 1000  # units of a stage; a typing error such as x10000000 must not fill the memory

_PLAIN = Plain()


@dataclass(frozen=True, slots=True)
class Pool:
    """A pooling layer, `size/stride` in He & Sun's notation; a max pooling by default.

    A stride of 1 is for delayed subsampling (section 4.6): the pooling only filters, and the next
    convolution has the stride. The padding is at most half the window.

    Raises:
        ArchitectureError: A number is below 1 (the padding: below 0) or above a million, or the
            padding is too large.
    """

    size: int  # side of the square window, pixels
    stride: int  # pixels
    padding: int = 0  # pixels a side
    ceil: bool = False  # whether the last window may hang over the edge
    average: bool = False  # whether it averages; otherwise it takes maxima

    def __post_init__(self) -> None:
        check_number("pooling size", self.size)
        check_number("pooling stride", self.stride)
        if not 0 <= self.padding <= self.size // 2:
            raise ArchitectureError(
                f"a pooling of size {self.size} pads 0 to {self.size // 2} pixels, not "
                f"{self.padding}"
            )


@dataclass(frozen=True, slots=True)
class Stage:
    """`depth` units of one block with the same filter size, then an optional pooling.

    In He & Sun's notation `(filter,width)/stride + (filter,width)x(depth-2) + (filter,last_width)
    | pool`. The block is a plain convolution by default. A stage of one unit stores its last width
    as its width too, so that equal stages are equal values.

    Raises:
        ArchitectureError: A number is below 1 (the padding: below 0) or above a million (the depth:
            above a thousand), or the block cannot have this filter because its branches would not
            meet in maps of one size.
    """

    depth: int  # units
    width: int  # filters of every unit but the last: channels of its output
    filter: int  # side of the square filter, pixels
    last_width: int = 0  # filters of the last unit; 0 means `width`
    stride: int = 1  # stride of the first unit, pixels
    pool: Pool | None = None  # pooling before the next stage
    padding: int | None = None  # of every convolution, pixels; None: as in `conv_map_sizes`
    block: Block = _PLAIN
    lrn: ResponseNormPlace = "none"  # local response normalisation before or after the pooling

    def __post_init__(self) -> None:
        if self.last_width == 0:
            object.__setattr__(self, "last_width", self.width)
        if self.depth == 1:
            object.__setattr__(self, "width", self.last_width)
        check_number("depth", self.depth, MOST_DEPTH)
        check_number("width", self.width)
        check_number("last width", self.last_width)
        check_number("filter size", self.filter)
        check_number("stride", self.stride)
        if self.padding is not None and self.padding != 0:
            if self.padding < 0:
                raise ArchitectureError(f"padding must be 0 or more, not {self.padding}")
            check_number("padding", self.padding)
        if self.lrn != "none":
            if self.lrn not in ("before", "after"):
                raise ArchitectureError(f"lrn must be none, before or after, not {self.lrn!r}")
            if self.pool is None:
                object.__setattr__(self, "lrn", "before")
        if isinstance(self.block, KEEPS_MAP) and (
            self.filter % 2 == 0 or self.padding not in (None, self.filter // 2)
        ):
            padded = "" if self.padding is None else f" padded by {self.padding}"
            raise ArchitectureError(
                f"a block whose branches meet again needs filters that keep the map: an odd size "
                f"padded by half of it, not {self.filter}x{self.filter}{padded}"
            )

    @property
    def widths(self) -> tuple[int, ...]:
        """Number of filters of each unit, first to last."""
        return (self.width,) * (self.depth - 1) + (self.last_width,)


def check_number(what: str, value: int, most: int = MOST) -> None:
    """Refuses a number that no network has.

    Args:
        what: Name of the number.
        value: The number.
        most: Greatest number.

    Raises:
        ArchitectureError: It is below 1 or above `most`.
    """
    if value < 1:
        raise ArchitectureError(f"{what} must be 1 or more, not {value}")
    if value > most:
        raise ArchitectureError(f"{what} must be {most:,} or less, not {value:,}")
