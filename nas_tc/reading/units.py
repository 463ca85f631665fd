"""From convolutions and branches to the units of stages, each a block's."""

from collections.abc import Iterator, Sequence

from nas_tc.architecture import Block, Depthwise, Inverted, Plain, Separable, Shape
from nas_tc.reading.inception import inception_unit
from nas_tc.reading.inverted import inverted_unit
from nas_tc.reading.operations import Convolution, Pooling, ResponseNormalisation, refusal
from nas_tc.reading.parts import Element, Excitation, Joined, Part, Residual
from nas_tc.reading.residual import residual_unit
from nas_tc.reading.unit import Step, Unit, is_depthwise_part, is_pointwise_part


def units(elements: Sequence[Element], input: Shape) -> Iterator[Step]:
    """The units along the main path, the poolings and response normalisations.

    Args:
        elements: Elements of the path, in order.
        input: Shape of the images.

    Yields:
        The units, and what is between them.

    Raises:
        ArchitectureError: Elements make no block. The message names the place.
    """
    shape = input
    place = 0
    while place < len(elements):
        element = elements[place]
        if isinstance(element, Pooling):
            yield element
            shape = _shape(element.shape)
            place += 1
            continue
        if isinstance(element, ResponseNormalisation):
            yield element
            place += 1
            continue
        if isinstance(element, Joined):
            unit, used = inception_unit(element, shape), 1
        elif isinstance(element, Residual):
            unit, used = residual_unit(element, shape), 1
        else:
            unit, used = _chain(elements[place:], shape)
        yield unit
        shape = _shape(_last(elements[place + used - 1]))
        place += used


def _shape(shape: tuple[int, ...]) -> Shape:
    channels, height, width = shape
    return (channels, height, width)


def _last(element: Element) -> tuple[int, ...]:
    """Shape of an element's output."""
    if isinstance(element, Residual):
        return _last(element.body[-1])
    if isinstance(element, Part):
        return element.conv.shape
    assert isinstance(element, Pooling | Joined)
    return element.shape


def _chain(elements: Sequence[Element], input: Shape) -> tuple[Unit, int]:
    """The unit that a row of convolutions begins with, and the number of elements in it."""
    for reader in (_inverted, _separable):
        found = reader(elements, input)
        if found is not None:
            unit, used = found
            if isinstance(unit.block, Inverted) and _last(elements[used - 1]) == input:
                raise refusal(
                    unit.where,
                    "an inverted residual that keeps its shape, without a shortcut",
                    "add the block's input where shapes are equal",
                )
            return unit, used
    part = elements[0]
    if isinstance(part, Excitation):
        raise refusal(
            part.where,
            "squeeze-and-excitation outside an inverted residual",
            "it follows the depthwise filter of an inverted residual",
        )
    assert isinstance(part, Part)
    if part.activation is None:
        raise refusal(
            part.where,
            "no activation follows the convolution",
            "every convolution has one, but for the last 1x1 of an inverted residual and one that "
            "gives the scores, before or behind global average pooling",
        )
    conv = part.conv
    block: Block = Plain(groups=conv.groups, dilation=conv.dilation)
    if conv.is_depthwise and conv.dilation == 1:
        block = Depthwise()
    return _unit(block, conv, input, (part,)), 1


def _inverted(elements: Sequence[Element], input: Shape) -> tuple[Unit, int] | None:
    """An inverted residual without its shortcut, if the elements begin with one."""
    start = 1 if is_pointwise_part(elements[0]) else 0
    end = start + 1
    if end < len(elements) and isinstance(elements[end], Excitation):
        end += 1
    if end >= len(elements):
        return None
    last = elements[end]
    if not (
        is_depthwise_part(elements[start])
        and isinstance(last, Part)
        and last.conv.is_pointwise
        and last.activation is None
    ):
        return None
    body = [each for each in elements[: end + 1] if isinstance(each, Part | Excitation)]
    wide, keeps_shape = last.conv.n_in, last.conv.shape == input
    if start and (wide % input[0] or wide == input[0] or keeps_shape):
        return None  # the 1x1 is a stage of its own
    return inverted_unit(body, input), end + 1


def _separable(elements: Sequence[Element], input: Shape) -> tuple[Unit, int] | None:
    if len(elements) < 2 or not is_depthwise_part(first := elements[0]):
        return None
    second = elements[1]
    assert isinstance(first, Part)
    if first.conv.dilation > 1 or not is_pointwise_part(second):
        return None
    assert isinstance(second, Part)
    return _unit(Separable(), first.conv, input, (first, second), second.conv.n_out), 2


def _unit(
    block: Block,
    conv: Convolution,
    input: Shape,
    parts: tuple[Part | Excitation, ...],
    width: int | None = None,
) -> Unit:
    return Unit(block, conv.filter, width or conv.n_out, conv.stride, conv.padding, input, parts)
