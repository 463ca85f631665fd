"""Inverted residuals, with and without their shortcut."""

from collections.abc import Sequence

from nas_tc.architecture import Inverted, Shape
from nas_tc.reading.operations import refusal
from nas_tc.reading.parts import Excitation, Part
from nas_tc.reading.unit import Unit, check_half, is_depthwise_part, is_pointwise_part


def is_inverted(body: Sequence[Part | Excitation]) -> bool:
    """Whether it is a 1x1 if any, a depthwise filter, an excitation if any, and a 1x1."""
    rest = list(body[1:] if is_pointwise_part(body[0]) else body)
    if len(rest) == 3 and isinstance(rest[1], Excitation):
        del rest[1]
    return (
        len(rest) == 2
        and is_depthwise_part(rest[0])
        and isinstance(rest[1], Part)
        and rest[1].conv.is_pointwise
    )


def inverted_unit(body: Sequence[Part | Excitation], input: Shape) -> Unit:
    """The unit of an inverted residual.

    Args:
        body: Its convolutions, in order.
        input: Shape of its input.

    Raises:
        ArchitectureError: Its widths are no multiples of each other.
    """
    depthwise = next(each for each in body if isinstance(each, Part) and is_depthwise_part(each))
    conv, wide = depthwise.conv, depthwise.conv.n_in
    first = body[0]
    if wide % input[0] or (first is not depthwise and wide == input[0]):
        raise refusal(
            first.where,
            f"it makes {wide} channels of {input[0]}",
            "an inverted residual multiplies its channels by a whole number, and has no first 1x1 "
            "where that is 1",
        )
    se = 0
    excitation = next((each for each in body if isinstance(each, Excitation)), None)
    if excitation is not None:
        narrow = int(excitation.reduce.weight.shape[0])
        exact = input[0] // narrow
        se = next(
            (each for each in (exact, *range(1, exact)) if max(1, input[0] // each) == narrow), 0
        )
        if not se:
            raise refusal(
                excitation.where,
                f"it squeezes to {narrow} channels",
                f"the block's {input[0]} input channels are divided by a whole number",
            )
    last = body[-1]
    assert isinstance(last, Part)
    check_half(depthwise, "the filter of an inverted residual")
    return Unit(
        Inverted(wide // input[0], se),
        conv.filter,
        last.conv.n_out,
        conv.stride,
        None,
        input,
        tuple(body),
    )
