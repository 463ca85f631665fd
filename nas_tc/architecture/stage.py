"""A stage: the convolutions between two poolings (He & Sun 2015, section 4)."""

from dataclasses import dataclass

from nas_tc.errors import ArchitectureError


@dataclass(frozen=True, slots=True)
class Pool:
    """A max pooling layer, `size/stride` in the paper's notation.

    A stride of 1 is the paper's delayed subsampling (section 4.6): the pooling only filters, and
    the next convolution carries the stride.
    """

    size: int  # side of the square window, pixels
    stride: int  # pixels

    def __post_init__(self) -> None:
        _at_least_one("pooling size", self.size)
        _at_least_one("pooling stride", self.stride)


@dataclass(frozen=True, slots=True)
class Stage:
    """`depth` convolutions with the same filter size, then an optional pooling.

    In the paper's notation `(filter,width)/stride + (filter,width)x(depth-2) +
    (filter,last_width) | pool`. A value is kept in its canonical form: the width of a stage that
    is a single convolution is its last width.

    Raises:
        ArchitectureError: a number below 1 (below 0 for the padding).
    """

    depth: int  # convolutions
    width: int  # filters of every convolution but the last
    filter: int  # side of the square filter, pixels
    last_width: int = 0  # filters of the last convolution; 0 means `width`
    stride: int = 1  # of the first convolution, pixels
    pool: Pool | None = None  # max pooling before the next stage
    padding: int | None = None  # of every convolution, pixels a side; None: the paper's rule

    def __post_init__(self) -> None:
        if self.last_width == 0:
            object.__setattr__(self, "last_width", self.width)
        if self.depth == 1:
            object.__setattr__(self, "width", self.last_width)
        _at_least_one("depth", self.depth)
        _at_least_one("width", self.width)
        _at_least_one("last width", self.last_width)
        _at_least_one("filter size", self.filter)
        _at_least_one("stride", self.stride)
        if self.padding is not None and self.padding < 0:
            raise ArchitectureError(f"padding must be 0 or more, not {self.padding}")

    @property
    def widths(self) -> tuple[int, ...]:
        """Filters of each convolution in turn."""
        return (self.width,) * (self.depth - 1) + (self.last_width,)


def _at_least_one(what: str, value: int) -> None:
    if value < 1:
        raise ArchitectureError(f"{what} must be 1 or more, not {value}")
