"""The operations of a user's forward pass, as far as a network is made of them.

Operations are numbered in the order in which they run. `sources` are the numbers of the operations
whose outputs one takes; `IMAGES` stands for the images. Shapes leave the batch out.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from nas_tc.architecture import Activation, Pool
from nas_tc.errors import ArchitectureError

IMAGES = -1


@dataclass(frozen=True, eq=False)
class Operation:
    """What every operation has."""

    where: str  # "layer1.0.conv1 (Conv2d)", "layer1.0 (add)"
    sources: tuple[int, ...]
    shape: tuple[int, ...]  # of its output: channels, height, width; or the length of a vector


@dataclass(frozen=True, eq=False)
class Convolution(Operation):
    """A convolution with square filters."""

    weight: Tensor
    bias: Tensor | None
    stride: int
    padding: int
    dilation: int
    groups: int

    @property
    def n_in(self) -> int:
        """Number of input channels."""
        return int(self.weight.shape[1]) * self.groups

    @property
    def n_out(self) -> int:
        """Number of filters."""
        return int(self.weight.shape[0])

    @property
    def filter(self) -> int:
        """Side of the filters, pixels."""
        return int(self.weight.shape[2])

    @property
    def complexity(self) -> int:
        """Multiply-adds for one image, Eqn. (1) of He & Sun (2015)."""
        return self.weight.numel() * self.shape[1] * self.shape[2]

    @property
    def is_depthwise(self) -> bool:
        """Whether each filter reads one channel only."""
        return self.groups == self.n_in > 1

    @property
    def is_pointwise(self) -> bool:
        """Whether it is a 1x1 convolution that mixes all channels and pads nothing."""
        return (self.filter, self.padding, self.groups) == (1, 0, 1)


@dataclass(frozen=True, eq=False)
class Normalisation(Operation):
    """A batch normalisation, with its statistics."""

    weight: Tensor
    bias: Tensor
    mean: Tensor
    variance: Tensor
    eps: float


@dataclass(frozen=True, eq=False)
class Activate(Operation):
    """An activation."""

    name: Activation


@dataclass(frozen=True, eq=False)
class Pooling(Operation):
    """A pooling with windows of a fixed size."""

    pool: Pool


@dataclass(frozen=True, eq=False)
class ResponseNormalisation(Operation):
    """Local response normalisation, with the numbers of Krizhevsky et al. (2012)."""


@dataclass(frozen=True, eq=False)
class AdaptivePooling(Operation):
    """A pooling to a fixed number of bins; global pooling has one."""

    bins: int
    average: bool


@dataclass(frozen=True, eq=False)
class HalfPooling(Operation):
    """One side of the maps is averaged, or their rows stand side by side; a pooling follows."""

    is_mean: bool


@dataclass(frozen=True, eq=False)
class Flattening(Operation):
    """Maps as one vector, channel after channel."""


@dataclass(frozen=True, eq=False)
class FullyConnected(Operation):
    """A linear layer."""

    weight: Tensor
    bias: Tensor | None
    convolved: int = 0  # multiply-adds of the 1x1 convolution that it is in the module, if it is


@dataclass(frozen=True, eq=False)
class DropOut(Operation):
    """Drop-out, which does nothing when a network is used."""

    share: float


@dataclass(frozen=True, eq=False)
class Padding(Operation):
    """Zeros around the maps, pixels a side."""

    pixels: int


@dataclass(frozen=True, eq=False)
class Sum(Operation):
    """The sum of two maps."""


@dataclass(frozen=True, eq=False)
class Product(Operation):
    """The product of two maps, one of which may be a factor for each channel."""


@dataclass(frozen=True, eq=False)
class Factor(Operation):
    """A vector times a number."""

    factor: float


@dataclass(frozen=True, eq=False)
class Concatenation(Operation):
    """Vectors or maps side by side."""


@dataclass(frozen=True, eq=False)
class Softmax(Operation):
    """A softmax of the scores, perhaps its logarithm."""

    is_log: bool


@dataclass(frozen=True, eq=False)
class Unchanged(Operation):
    """What leaves all values and their order as they are."""


Operations = Mapping[int, Operation]


def refusal(where: str, met: str, allowed: str) -> ArchitectureError:
    """The error for what no architecture can express.

    Args:
        where: Place in the module: the path, and what stands there.
        met: What was met.
        allowed: What is allowed in its place.
    """
    return ArchitectureError(f"cannot read {where}: {met}; {allowed}")
