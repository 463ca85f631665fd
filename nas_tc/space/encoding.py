"""The values of a stage's genes that make a given stage."""

from nas_tc.architecture import Inception, Stage, format_block, format_pool
from nas_tc.errors import SpaceError
from nas_tc.space.choices import STAGE_FIELDS, Choice, StageChoices
from nas_tc.space.decoding import known_blocks


def stage_values(
    space: str,
    number: int,
    choices: StageChoices,
    shared: tuple[str, ...],
    stage: Stage | None,
    *,
    is_last: bool,
) -> dict[str, Choice]:
    """Values of a stage's genes, the first choice where there is no effect.

    The gene of the block that stages share is among them, if the stage has that block.

    Args:
        space: Name of the space.
        number: Number of the stage, from 1.
        choices: Choices of the stage.
        shared: Blocks of the stages that have none of their own.
        stage: Stage to encode; None: it is left out.
        is_last: Whether it is the last of its network.

    Raises:
        SpaceError: The stage is none of the choices. The message has its number.
    """
    blocks = choices.block or shared
    chosen: dict[str, Choice] = (
        {"depth": 0} if stage is None else _chosen(stage, choices, blocks, is_last=is_last)
    )
    values: dict[str, Choice] = {}
    for field in STAGE_FIELDS:
        options: tuple[Choice, ...] = blocks if field == "block" else getattr(choices, field)
        if options and field in chosen and chosen[field] not in options:
            raise SpaceError(f"space {space!r}: stage {number} cannot have {field} {chosen[field]}")
        if len(options) > 1 and (field != "block" or choices.block):
            values[f"stage{number}.{field}"] = chosen.get(field, options[0])
    if not choices.block and len(shared) > 1 and "block" in chosen:
        values["block"] = chosen["block"]
    return values


def _chosen(
    stage: Stage, choices: StageChoices, blocks: tuple[str, ...], *, is_last: bool
) -> dict[str, Choice]:
    """The fields that have an effect in a stage, and their values."""
    values: dict[str, Choice] = {
        "depth": stage.depth,
        "filter": stage.filter,
        "stride": stage.stride,
        "block": known_blocks(blocks).get(stage.block) or format_block(stage.block),
    }
    if not isinstance(stage.block, Inception):
        if choices.last_width:
            values["last_width"] = stage.last_width
        if stage.depth > 1 or not choices.last_width:
            values["width"] = stage.width
    if not is_last:
        values["pool"] = "none" if stage.pool is None else format_pool(stage.pool)
    return values
