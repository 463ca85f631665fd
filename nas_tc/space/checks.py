"""Checks of a space: do its stages follow each other, do its blocks fit filters and widths?"""

from collections.abc import Sequence
from itertools import pairwise

from nas_tc.architecture import (
    KEEPS_MAP,
    Block,
    Bottleneck,
    Depthwise,
    Inception,
    Plain,
    parse_block,
)
from nas_tc.errors import SpaceError
from nas_tc.space.choices import StageChoices


def check_depths(space: str, stages: Sequence[StageChoices]) -> None:
    """Refuses stages that cannot be left out where they would have to be, and a last pooling.

    Args:
        space: Name of the space.
        stages: Choices of each stage.

    Raises:
        SpaceError: A depth of 0 is in the first stage or before a stage that cannot be left out,
            or a pooling is behind the last stage.
    """
    if 0 in stages[0].depth:
        raise SpaceError(f"space {space!r}: stage 1 cannot have a depth of 0")
    for number, (stage, following) in enumerate(pairwise(stages), start=1):
        if 0 in stage.depth and 0 not in following.depth:
            raise SpaceError(
                f"space {space!r}: stage {number} can have a depth of 0, so stage "
                f"{number + 1} must allow it too (a depth of 0 ends the network)"
            )
    if stages[-1].pool != ("none",):
        raise SpaceError(
            f"space {space!r}: the last stage has a pooling, but the head pools; leave it out"
        )


def check_blocks(
    space: str, channels: int, stages: Sequence[StageChoices], shared: tuple[str, ...]
) -> None:
    """Refuses blocks that do not fit a filter, a width or a stride of their stage.

    Args:
        space: Name of the space.
        channels: Channels of the images.
        stages: Choices of each stage.
        shared: Blocks of the stages that have none of their own.

    Raises:
        SpaceError: A block does not fit, or the shared blocks are missing or nobody's.
    """
    if shared and all(stage.block for stage in stages):
        raise SpaceError(
            f"space {space!r}: every stage has its own block, so the key 'block' before them has "
            "no effect; leave it out"
        )
    before: tuple[int, ...] = (channels,)
    for number, stage in enumerate(stages, start=1):
        texts = stage.block or shared
        if not texts:
            raise SpaceError(f"space {space!r}: stage {number} has no block")
        for text in texts:
            problem = _misfit(parse_block(text), stage, before)
            if problem:
                raise SpaceError(f"space {space!r}: stage {number}, block {text}: {problem}")
        before = out_channels(stage, texts)


def out_channels(stage: StageChoices, blocks: Sequence[str]) -> tuple[int, ...]:
    """All numbers of channels that a stage with one of these blocks may have in the end."""
    parsed = [parse_block(text) for text in blocks]
    found = {block.n_out for block in parsed if isinstance(block, Inception)}
    if any(not isinstance(block, Inception) for block in parsed):
        found.update(stage.last_width or stage.width)
    return tuple(sorted(found))


def _misfit(block: Block, stage: StageChoices, before: tuple[int, ...]) -> str | None:
    """The reason why a block does not fit its stage, or None."""
    widths = sorted({*stage.width, *stage.last_width})
    even = [each for each in stage.filter if each % 2 == 0]
    if isinstance(block, KEEPS_MAP) and even:
        return (
            f"its branches meet again, so its filters must be odd, not {even[0]}x{even[0]}; "
            "leave that filter or the block out"
        )
    if isinstance(block, Inception) and max(stage.stride) > 1:
        return "it has no stride; pool before it instead"
    if isinstance(block, Bottleneck) and (odd := _undivided(widths, block.reduction)):
        return f"a width of {odd} cannot be reduced {block.reduction} times"
    if isinstance(block, Plain) and (odd := _undivided(widths, block.groups)):
        return f"a width of {odd} cannot be split into {block.groups} groups"
    if isinstance(block, Plain) and (odd := _undivided(before, block.groups)):
        return f"its {odd} input channels cannot be split into {block.groups} groups"
    ends = [*stage.width, *(stage.last_width or ())]
    if isinstance(block, Depthwise) and all(out % n_in for n_in in before for out in ends):
        return (
            f"none of its widths {', '.join(map(str, widths))} is a multiple of its input "
            f"channels, {', '.join(map(str, before))}"
        )
    return None


def _undivided(widths: Sequence[int], parts: int) -> int | None:
    """The first width that is no multiple of `parts`; None if all are."""
    return next((width for width in widths if width % parts), None)
