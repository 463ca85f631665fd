"""Inception blocks: four branches side by side."""

from nas_tc.architecture import Inception, Pool, Shape
from nas_tc.reading.operations import Pooling, refusal
from nas_tc.reading.parts import Element, Joined, Part
from nas_tc.reading.unit import Unit

_BRANCHES = (
    "an inception block is 1x1; 1x1, s x s; 1x1, (s + 2) x (s + 2); max pooling s x s, 1x1; each "
    "with an activation, joined in this order"
)


def inception_unit(joined: Joined, input: Shape) -> Unit:
    """The unit of branches that are joined.

    Args:
        joined: The branches.
        input: Shape of their input.

    Raises:
        ArchitectureError: They are no inception block. The message names the place.
    """
    match joined.branches:
        case (
            (Part() as one,),
            (Part() as reduce, Part() as middle),
            (Part() as reduce_large, Part() as large),
            (Pooling() as pooling, Part() as project),
        ):
            parts = (one, reduce, middle, reduce_large, large, project)
            size = middle.conv.filter
            sizes = [each.conv.filter for each in parts]
            pool = Pool(size, 1, size // 2, ceil=pooling.pool.ceil)  # by steps of 1, ceil is floor
            if (
                size % 2
                and sizes == [1, 1, size, 1, size + 2, 1]
                and all(map(_keeps_map, parts))
                and pooling.pool == pool
            ):
                block = Inception(*(each.conv.n_out for each in parts))
                return Unit(block, size, joined.shape[0], 1, None, input, parts)
    met = "; ".join(", ".join(map(_text, each)) for each in joined.branches)
    raise refusal(joined.where, f"branches of {met}", _BRANCHES)


def _keeps_map(part: Part) -> bool:
    conv = part.conv
    is_plain = (conv.stride, conv.groups, conv.dilation) == (1, 1, 1)
    return is_plain and conv.padding == conv.filter // 2 and part.activation is not None


def _text(element: Element) -> str:
    """An element of a branch in words."""
    if isinstance(element, Part):
        return f"{element.conv.filter}x{element.conv.filter}"
    if isinstance(element, Pooling):
        kind = "average" if element.pool.average else "max"
        return f"{kind} pooling {element.pool.size}x{element.pool.size}"
    return type(element).__name__.lower()
