"""Families that are made wide first, in steps of channels, and then deep."""

from collections.abc import Callable, Sequence

from nas_tc.architecture import Stage
from nas_tc.families.family import Form, Size

WIDTH_STEP = 4  # channels of the first stage for a scale of 1
_WIDEST = 1024  # steps
_DEEPEST = 12  # units beyond a form's own depth


def forms_of(
    layouts: Sequence[Callable[[Size], tuple[Stage, ...]]], narrowest: int
) -> tuple[Form, ...]:
    """A form for each layout, the one with the most resolution and depth first.

    Only the last layout may be thinner than `narrowest`, so that the smallest budgets have a
    network, too.

    Args:
        layouts: Functions that make the stages at a size.
        narrowest: Least scale of all layouts but the last.
    """
    last = len(layouts) - 1
    return tuple(
        Form(stages, narrowest if number < last else 1, largest=_WIDEST, deepest=_DEEPEST)
        for number, stages in enumerate(layouts)
    )


def described(unit: str, size: Size) -> str:
    """A size as first width and further units, such as "first width 24, 2 more blocks"."""
    more = f", {size.extra} more {unit}{'s'[: size.extra > 1]}" if size.extra else ""
    return f"first width {WIDTH_STEP * size.scale}{more}"


def deepened(depths: tuple[int, ...], extra: int) -> tuple[int, ...]:
    """Depths of the stages after `extra` more units are added, one at a time.

    The last stage gets the first of them, the stage before it the next, and so on; after the second
    stage the last has its turn again. The first stage gets units only if it is the only stage.
    """
    found = list(depths)
    turns = range(len(found) - 1, 0, -1) or range(1)
    for number in range(extra):
        found[turns[number % len(turns)]] += 1
    return tuple(found)
