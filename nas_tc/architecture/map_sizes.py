"""Sizes of the output maps of convolutions and poolings, in pixels."""

from functools import lru_cache

from nas_tc.errors import ArchitectureError

MapSize = tuple[int, int, int]  # padding, height and width of a convolution's output, pixels
FIRST_UNPADDED = 7  # side of the least filter that a first layer does not pad, pixels


@lru_cache(maxsize=65536)
def conv_map_sizes(
    depth: int,
    size: int,
    stride: int,
    padding: int | None,
    height: int,
    width: int,
    first: bool,
    dilation: int = 1,
) -> tuple[MapSize, ...]:
    """Padding, height and width of each convolution's output map in a stage.

    The padding follows He & Sun (2015, section 5): none for a first layer of 7x7 or more, otherwise
    half the filter size, so that the map keeps its size. Even filters cannot keep it: of two in a
    row, the first pads one pixel less and shrinks the map by one, and the second restores it. An
    even filter with a stride pads like the second, and the next one begins a new pair: this gives
    the 36, 18 and 6 pixels that they report behind a delayed subsampling.

    Results are cached, because most candidates of a search share their stages' geometry.

    Args:
        depth: Number of convolutions in the stage.
        size: Side of the filters, pixels.
        stride: Stride of the first convolution, pixels.
        padding: Padding of every convolution, pixels a side; None: the rule above.
        height: Height of the input map, pixels.
        width: Width of the input map, pixels.
        first: Whether the stage is the first of its network.
        dilation: Distance between the filter's taps, pixels; see `tap_span`.

    Raises:
        ArchitectureError: A filter does not fit its map. The message begins with the number of the
            convolution within the stage.
    """
    maps: list[MapSize] = []
    turn = 0  # place in a pair of even filters: 0 pads one pixel less than 1
    span = tap_span(size, dilation)
    dilated = f" with dilation {dilation}" if dilation > 1 else ""
    for number in range(1, depth + 1):
        step = stride if number == 1 else 1
        pad = span // 2
        if padding is not None:
            pad = padding
        elif first and number == 1 and size >= FIRST_UNPADDED:
            pad = 0
        elif span % 2 == 0 and step == 1:
            pad -= 1 - turn
            turn = 1 - turn
        what = f"{number}: a {size}x{size} filter{dilated}"
        height = output_side(height, span, step, pad, what)
        width = output_side(width, span, step, pad, what)
        maps.append((pad, height, width))
    return tuple(maps)


def tap_span(size: int, dilation: int) -> int:
    """Side of what a filter sees, pixels: k taps span k + (k-1)(dilation-1)."""
    return size + (size - 1) * (dilation - 1)


def output_side(
    side: int, size: int, stride: int, padding: int, what: str, *, ceil: bool = False
) -> int:
    """Side of the output map, pixels; with `ceil` a last window may hang over the edge.

    Args:
        side: Side of the input map, pixels.
        size: Side of the window, pixels.
        stride: Stride of the window, pixels.
        padding: Padding, pixels a side.
        what: Beginning of an error message.
        ceil: Whether a last window may hang over the far edge.

    Raises:
        ArchitectureError: The map is smaller than the window. The message begins with `what`.
    """
    out = (side + 2 * padding - size) // stride + 1
    if out < 1:
        padded = f" padded by {padding}" if padding else ""
        pixels = "1 pixel" if side == 1 else f"{side} pixels"
        raise ArchitectureError(
            f"{what} does not fit a map of {pixels}{padded}; the map has shrunk too far: use "
            "smaller filters, strides or poolings before it, or larger images"
        )
    # A window may hang over the far edge, but not begin in the padding behind it.
    if ceil and (side + 2 * padding - size) % stride and out * stride < side + padding:
        out += 1
    return out
