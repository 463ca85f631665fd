"""From units to stages: units of one block with one filter size, and the pooling behind them."""

from collections.abc import Sequence
from dataclasses import replace

from nas_tc.architecture import Block, Bottleneck, Plain, Stage, stage_maps
from nas_tc.errors import ArchitectureError
from nas_tc.reading.operations import Pooling, ResponseNormalisation, refusal
from nas_tc.reading.unit import Step, Unit


def stages(path: Sequence[Step]) -> tuple[Stage, ...]:
    """The stages of a path.

    A stage is as long as it can be. Plain convolutions of one width form a stage, and the last may
    be wider or narrower, as in He & Sun's "(2,2304)+(2,256)".

    Args:
        path: Units and poolings in order.

    Raises:
        ArchitectureError: A pooling has no convolution before it.
    """
    found: list[Stage] = []
    place = 0
    while place < len(path):
        each = path[place]
        if isinstance(each, Pooling):
            if not found or found[-1].pool is not None:
                where = "behind another one" if found else "before the first convolution"
                raise refusal(
                    each.where,
                    f"a {each.pool.size}x{each.pool.size} pooling {where}",
                    "each pooling follows a stage of convolutions",
                )
            found[-1] = replace(found[-1], pool=each.pool)
            place += 1
            continue
        if isinstance(each, ResponseNormalisation):
            if not found or found[-1].lrn != "none":
                raise refusal(
                    each.where,
                    "a response normalisation without a convolution of its own",
                    "each follows a stage of convolutions, before or behind its pooling",
                )
            found[-1] = replace(found[-1], lrn="before" if found[-1].pool is None else "after")
            place += 1
            continue
        row = _row(path[place:])
        stage, used = _longest(row, first=not found)
        found.append(stage)
        place += used
    return tuple(found)


def _row(path: Sequence[Step]) -> list[Unit]:
    """The units before the next pooling or response normalisation."""
    row: list[Unit] = []
    for each in path:
        if not isinstance(each, Unit):
            break
        row.append(each)
    return row


def _longest(row: list[Unit], *, first: bool) -> tuple[Stage, int]:
    """The longest stage that a row begins with, and how many units it has."""
    stage, used = _alike(row, first=first)
    assert stage is not None
    if used < len(row) and row[0].block == Plain():
        _, following = _alike(row[used:], first=False)
        wider = _stage(row[: used + 1], first=first)
        if following == 1 and wider is not None:
            return wider, used + 1
    return stage, used


def _alike(row: list[Unit], *, first: bool) -> tuple[Stage | None, int]:
    """The longest stage of units of one width."""
    stage, used = _stage(row[:1], first=first), 1
    while used < len(row) and row[used].width == row[0].width:
        longer = _stage(row[: used + 1], first=first)
        if longer is None:
            break
        stage, used = longer, used + 1
    return stage, used


def _stage(units: list[Unit], *, first: bool) -> Stage | None:
    """One stage of these units; None if they are no stage."""
    head = units[0]
    for each in units[1:]:
        if (_without_stride(each.block, head.block), each.filter, each.stride) != (
            head.block,
            head.filter,
            1,
        ):
            return None
    bare = Stage(
        depth=len(units),
        width=head.width,
        filter=head.filter,
        last_width=units[-1].width,
        stride=head.stride,
        block=head.block,
    )
    paddings = [each.padding for each in units]
    if head.padding is None:
        return bare
    try:
        by_rule = [maps[0] for maps in stage_maps(bare, *head.input[1:], first=first)]
    except ArchitectureError:  # only with the module's own padding does the filter fit
        by_rule = []
    if paddings == by_rule:
        return bare
    return replace(bare, padding=head.padding) if len(set(paddings)) == 1 else None


def _without_stride(block: Block, head: Block) -> Block:
    """The block of a unit without a stride, which may stand on any convolution of a bottleneck."""
    if isinstance(block, Bottleneck) and isinstance(head, Bottleneck):
        return replace(block, stride_on=head.stride_on)
    return block
