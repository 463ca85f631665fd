"""Cost of a transposed convolution, which enlarges a map.

No network of nas-tc contains one; it completes the layers of docs/cost-model.md, "The survey".
"""

from dataclasses import dataclass

from nas_tc.architecture import Shape
from nas_tc.errors import ArchitectureError


@dataclass(frozen=True, slots=True)
class TransposedConv:
    """A transposed convolution with a bias (Dumoulin & Visin 2016, chapter 4).

    Raises:
        ArchitectureError: The output has no pixels, or the output padding is a stride or more.
    """

    input: Shape
    n_out: int
    filter: int  # side, pixels
    stride: int = 1
    padding: int = 0  # pixels taken off each side of the output
    output_padding: int = 0  # pixels added to one side of it

    def __post_init__(self) -> None:
        if not 0 <= self.output_padding < self.stride:
            raise ArchitectureError(
                f"an output padding must be less than the stride, {self.stride}, not "
                f"{self.output_padding}"
            )
        if min(self.output) < 1:
            raise ArchitectureError(f"a transposed convolution to nothing: {self.output}")

    @property
    def output(self) -> Shape:
        """Each side is (side - 1) * stride - 2 * padding + filter + output padding."""
        grown = self.filter - 2 * self.padding + self.output_padding
        height, width = ((side - 1) * self.stride + grown for side in self.input[1:])
        return (self.n_out, height, width)

    @property
    def macs(self) -> int:
        """Multiply-adds for one image: each input value times each weight of its channel.

        A transposed convolution is the gradient of a convolution, and takes as many multiply-adds
        as that convolution's forward pass. The survey's "similar order to standard conv on the
        (larger) output" is higher by the square of the stride.
        """
        n_in, height, width = self.input
        return n_in * height * width * self.filter**2 * self.n_out

    @property
    def params(self) -> int:
        """Weights and biases."""
        return self.input[0] * self.n_out * self.filter**2 + self.n_out
