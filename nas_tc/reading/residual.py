"""Residual blocks: two branches and their sum as a basic, bottleneck or inverted unit."""

from collections.abc import Sequence
from dataclasses import replace

from nas_tc.architecture import Basic, Bottleneck, Shape
from nas_tc.reading.inverted import inverted_unit, is_inverted
from nas_tc.reading.operations import refusal
from nas_tc.reading.parts import Excitation, Part, Residual
from nas_tc.reading.unit import Unit, check_half, plain_filters_only

_BLOCKS = (
    "known blocks are basic (two convolutions) and bottleneck (1x1, a filter, 1x1), both with the "
    "last activation behind the sum, their shortcut the block's input or a 1x1 convolution, and "
    "inverted (1x1, a depthwise filter, a linear 1x1), the shortcut its input"
)


def residual_unit(residual: Residual, input: Shape) -> Unit:
    """The unit of a residual block.

    Args:
        residual: Its branches.
        input: Shape of its input.

    Raises:
        ArchitectureError: It is no known block. The message names the place.
    """
    shortcut = _projection(residual, input)
    if any(not isinstance(each, Part | Excitation) for each in residual.body):
        raise refusal(residual.where, "a pooling or a branch within a block", _BLOCKS)
    body = [each for each in residual.body if isinstance(each, Part | Excitation)]
    parts = [each for each in body if isinstance(each, Part)]
    if not parts:
        raise refusal(residual.where, _met(parts, residual), _BLOCKS)
    linear = parts[-1].activation is None and residual.activation is None
    if linear and not shortcut and is_inverted(body):
        return inverted_unit(body, input)
    acts = [each.activation is not None for each in parts]
    acts.append(residual.activation is not None)
    if len(parts) < len(body):
        raise refusal(
            residual.where, "squeeze-and-excitation outside an inverted residual", _BLOCKS
        )
    match parts:
        case [first, second] if acts == [True, False, True]:
            unit = _basic(first, second, shortcut, input)
        case [reduce, filter, expand] if acts == [True, True, False, True]:
            unit = _bottleneck(reduce, filter, expand, shortcut, input)
        case _:
            raise refusal(residual.where, _met(parts, residual), _BLOCKS)
    return replace(unit, behind=residual.activation)


def _met(parts: Sequence[Part], residual: Residual) -> str:
    """A block's convolutions in words."""
    convs = ", ".join(
        f"{'depthwise ' if each.conv.is_depthwise else ''}{each.conv.filter}x{each.conv.filter}"
        + (f" with {each.act}" if each.act else "")
        for each in parts
    )
    shortcut = " with a 1x1 shortcut" if residual.shortcut else ""
    behind = "an activation" if residual.activation else "no activation"
    return f"a block of {convs or 'no convolution'}{shortcut}, {behind} behind its sum"


def _projection(residual: Residual, input: Shape) -> tuple[Part, ...]:
    """The 1x1 convolution of a shortcut; empty where it is the block's input."""
    match residual.shortcut:
        case ():
            return ()
        case (Part(conv=conv, activation=None) as part,) if conv.is_pointwise:
            if conv.shape == input:
                raise refusal(
                    part.where,
                    "a projection where the shape stays the same",
                    "such a shortcut is the block's input",
                )
            return (part,)
    where = getattr(residual.shortcut[0], "where", residual.where)
    raise refusal(where, "a shortcut of several layers, or with an activation", _BLOCKS)


def _basic(first: Part, second: Part, shortcut: tuple[Part, ...], input: Shape) -> Unit:
    for part in (first, second):
        check_half(part, "a filter of a basic block")
        _check_full(part)
    size = first.conv.filter
    if second.conv.filter != size or second.conv.stride > 1:
        raise refusal(
            second.where, "another filter or stride than the first", "both filters have one size"
        )
    if first.conv.n_out != second.conv.n_out:
        raise refusal(
            first.where,
            f"it has {first.conv.n_out} filters and the second {second.conv.n_out}",
            "both convolutions of a basic block are equally wide",
        )
    stride = _strides(first.conv.stride, shortcut)
    width = second.conv.n_out
    return Unit(Basic(), size, width, stride, None, input, (first, second, *shortcut))


def _bottleneck(
    reduce: Part, filter: Part, expand: Part, shortcut: tuple[Part, ...], input: Shape
) -> Unit:
    for part in (reduce, expand):
        if not part.conv.is_pointwise:
            raise refusal(part.where, "no 1x1 convolution", _BLOCKS)
    check_half(filter, "the filter of a bottleneck")
    _check_full(filter)
    narrow, width = reduce.conv.n_out, expand.conv.n_out
    if filter.conv.n_out != narrow or width % narrow or expand.conv.stride > 1:
        raise refusal(
            filter.where,
            f"a bottleneck of {narrow}, {filter.conv.n_out} and {width} filters",
            "the first two are equally wide and divide the last, which has no stride",
        )
    strides = (reduce.conv.stride, filter.conv.stride)
    if min(strides) > 1:
        raise refusal(filter.where, "two strides in a block", "a bottleneck has one")
    _strides(max(strides), shortcut)
    return Unit(
        Bottleneck(width // narrow, "filter" if strides[1] > 1 else "first"),
        filter.conv.filter,
        width,
        max(strides),
        None,
        input,
        (reduce, filter, expand, *shortcut),
    )


def _strides(stride: int, shortcut: tuple[Part, ...]) -> int:
    for part in shortcut:
        if part.conv.stride != stride:
            raise refusal(part.where, "another stride than the block's", "they are the same")
    return stride


def _check_full(part: Part) -> None:
    """Raises the error for a residual block's filter with groups."""
    if part.conv.groups > 1:
        raise plain_filters_only(part, f"{part.conv.groups} groups")
