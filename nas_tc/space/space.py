"""A search space: the choices of each stage as genes, and the network for a choice of each."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property, lru_cache
from math import prod
from typing import Any, Self

from nas_tc.architecture import (
    ACTIVATIONS,
    KEEPS_MAP,
    Architecture,
    Block,
    Head,
    Inception,
    Norm,
    Pool,
    Shape,
    Stage,
    format_block,
    format_pool,
    head_named,
    parse_block,
    parse_pool,
)
from nas_tc.errors import SpaceError, unknown
from nas_tc.space.checks import check_blocks, check_depths
from nas_tc.space.choices import STAGE_FIELDS, TOP_FIELDS, Choice, Gene, StageChoices

Values = Mapping[str, Choice]  # gene name to the chosen value


@dataclass(frozen=True)
class Space:
    """A set of networks: the input, the head, and the choices of each stage and of the whole.

    Attributes:
        name: Name of the space.
        input: Shape of the images: channels, height, width. Images are decoded at this size.
        head: Head of the networks; the first of `heads`, if these are given.
        stages: Choices of each stage.
        norm: Normalisation of the networks.
        classes: Number of classes.
        description: Its purpose.
        resolutions: Sides of the images that networks see, pixels; empty: those of `input`.
        activations: Activations that a network has one of.
        heads: Heads to choose from, as `head_named` reads them; empty: `head` alone.
        dropouts: Probabilities of drop-out in the head; empty: the head's own.
        blocks: Blocks of all stages that have none of their own: they have the same one.

    Raises:
        SpaceError: There is no stage, a depth of 0 is in the first stage or before a stage that
            cannot be left out, a pooling is behind the last stage, or a block does not fit a
            filter, a width or a stride.
    """

    name: str
    input: Shape  # channels, height, width
    head: Head
    stages: tuple[StageChoices, ...]
    norm: Norm = "batch"
    classes: int = 10
    description: str = ""
    resolutions: tuple[int, ...] = ()
    activations: tuple[str, ...] = ("relu",)
    heads: tuple[str, ...] = ()
    dropouts: tuple[float, ...] = ()
    blocks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.stages:
            raise SpaceError(f"space {self.name!r}: it needs at least one [[stage]]")
        for activation in self.activations:
            if activation not in ACTIVATIONS:
                raise unknown("activation", str(activation), ACTIVATIONS)
        if self.resolutions and set(self.input[1:]) != {max(self.resolutions)}:
            shape = "x".join(map(str, self.input))
            raise SpaceError(
                f"space {self.name!r}: images are decoded once, at the largest resolution, so the "
                f"input must be as large: {max(self.resolutions)} pixels high and wide, not {shape}"
            )
        check_depths(self.name, self.stages)
        check_blocks(self.name, self.input[0], self.stages, self.blocks)

    def at(self, input: Shape, classes: int) -> Self:
        """The same choices for images of another shape or another number of classes.

        Resolutions keep their ratio to the side of the images.
        """
        resolutions = self.resolutions
        if resolutions and input[1:] != self.input[1:]:
            sides = [round(each * input[1] / self.input[1]) for each in resolutions]
            resolutions = tuple(dict.fromkeys(max(1, side) for side in sides))
        return replace(self, input=input, classes=classes, resolutions=resolutions)

    def to_dict(self) -> dict[str, Any]:
        """The choices as plain lists, numbers and strings; the name is not among them.

        A key that earlier versions did not know is left out where its choices are the default.
        """
        values: dict[str, Any] = {
            "input": list(self.input),
            "classes": self.classes,
            "norm": self.norm,
            "head": asdict(self.head),
            "stages": [_stage_dict(stage) for stage in self.stages],
        }
        defaults = {"resolutions": (), "activations": ("relu",), "heads": (), "dropouts": ()}
        for key, default in {**defaults, "blocks": ()}.items():
            if (choices := getattr(self, key)) != default:
                values[key] = list(choices)
        return values

    @cached_property
    def genes(self) -> tuple[Gene, ...]:
        """All genes, in order. A field with a single choice has no gene."""
        return genes_of(self.to_dict())

    @cached_property
    def settings(self) -> int:
        """Number of settings of the genes; several may decode to the same network."""
        return prod(len(gene.choices) for gene in self.genes)

    @cached_property
    def shares_block(self) -> tuple[bool, ...]:
        """For each stage, whether its block is the one that stages share."""
        return tuple(not stage.block for stage in self.stages)

    @property
    def sides(self) -> tuple[tuple[int, int], ...]:
        """Height and width of the images at each resolution."""
        return tuple((side, side) for side in self.resolutions) or (self.input[1:],)

    def input_at(self, resolution: int) -> Shape:
        """Shape of the images that a network of this resolution sees."""
        return (self.input[0], resolution, resolution)

    def values(self, settings: Sequence[Sequence[int]]) -> list[Values]:
        """Settings, the number of each gene's choice, as values by the names of the genes."""
        return [
            {gene.name: gene.choices[n] for gene, n in zip(self.genes, row, strict=True)}
            for row in settings
        ]

    def decode(self, values: Values) -> Architecture:
        """The network that the genes' values choose.

        Args:
            values: A choice for every gene, by name.

        Raises:
            KeyError: A gene has no value.
        """

        def pick(name: str, options: Sequence[Choice], default: Any = None) -> Any:
            return values[name] if len(options) > 1 else options[0] if options else default

        shared = pick("block", self.blocks)
        fields: list[tuple[Any, ...]] = []
        for number, choices in enumerate(self.stages, start=1):
            depth = pick(f"stage{number}.depth", choices.depth)
            if depth == 0:
                break
            fields.append(
                (
                    pick(f"stage{number}.block", choices.block, shared),
                    depth,
                    pick(f"stage{number}.width", choices.width),
                    pick(f"stage{number}.filter", choices.filter),
                    pick(f"stage{number}.last_width", choices.last_width, 0),
                    pick(f"stage{number}.stride", choices.stride),
                    choices.padding,
                    pick(f"stage{number}.pool", choices.pool),
                )
            )
        *others, last = fields
        stages = [stage_of(*each) for each in others] + [stage_of(*last[:-1], "none")]
        resolution = pick("resolution", self.resolutions)
        return Architecture(
            self.input if resolution is None else self.input_at(resolution),
            tuple(stages),
            self._head(pick("head", self.heads), pick("dropout", self.dropouts)),
            self.classes,
            self.norm,
            pick("activation", self.activations),
        )

    def encode(self, architecture: Architecture) -> dict[str, Choice]:
        """Values of the genes that decode to `architecture`; genes without effect have any value.

        Args:
            architecture: Network to encode.

        Raises:
            SpaceError: The space cannot choose a stage, the resolution, the activation or the
                head. The message has the number of the stage.
        """
        stages = architecture.stages
        if len(stages) > len(self.stages):
            raise SpaceError(
                f"space {self.name!r} has {len(self.stages)} stages: {len(stages)} given"
            )
        values = self._encoded_whole(architecture)
        for number, choices in enumerate(self.stages, start=1):
            chosen: dict[str, Choice] = {"depth": 0}
            if number <= len(stages):
                blocks = choices.block or self.blocks
                chosen = _chosen(stages[number - 1], choices, blocks, last=number == len(stages))
                if not choices.block:
                    self._encode_shared(values, chosen, number)
            for field in STAGE_FIELDS:
                options: tuple[Choice, ...] = getattr(choices, field)
                if options and field in chosen and chosen[field] not in options:
                    raise SpaceError(
                        f"space {self.name!r}: stage {number} cannot have {field} {chosen[field]}"
                    )
                if len(options) > 1:
                    values[f"stage{number}.{field}"] = chosen.get(field, options[0])
        if self.decode(values).stages != stages:
            raise SpaceError(
                f"space {self.name!r} ties widths or blocks that this network has apart"
            )
        return values

    def _encode_shared(
        self, values: dict[str, Choice], chosen: dict[str, Choice], number: int
    ) -> None:
        """Sets the gene of the shared block by a stage that has it."""
        block = chosen.get("block", self.blocks[0])
        if block not in self.blocks:
            raise SpaceError(f"space {self.name!r}: stage {number} cannot have block {block}")
        if len(self.blocks) > 1:
            values["block"] = block

    def _encoded_whole(self, architecture: Architecture) -> dict[str, Choice]:
        """Values of the genes that are no stage's; that of the shared block may change later."""
        values: dict[str, Choice] = {}
        if len(self.resolutions) > 1:
            side = architecture.input[1]
            if side not in self.resolutions or architecture.input[2] != side:
                raise SpaceError(f"space {self.name!r} cannot have resolution {side}")
            values["resolution"] = side
        if len(self.activations) > 1:
            if architecture.activation not in self.activations:
                raise SpaceError(
                    f"space {self.name!r} cannot have activation {architecture.activation}"
                )
            values["activation"] = architecture.activation
        if len(self.heads) > 1 or len(self.dropouts) > 1:
            found = [
                (head, dropout)
                for head in self.heads or (None,)
                for dropout in self.dropouts or (None,)
                if self._head(head, dropout) == architecture.head
            ]
            if not found:
                raise SpaceError(f"space {self.name!r} cannot have the head {architecture.head}")
            head, dropout = found[0]
            if head is not None and len(self.heads) > 1:
                values["head"] = head
            if dropout is not None and len(self.dropouts) > 1:
                values["dropout"] = dropout
        if len(self.blocks) > 1:
            values["block"] = self.blocks[0]
        return values

    def _head(self, name: str | None, dropout: float | None) -> Head:
        return _known_head(self.head, name, dropout)


def genes_of(space: Mapping[str, Any]) -> tuple[Gene, ...]:
    """The genes of a space in the form of `Space.to_dict`, which studies keep."""
    whole = [
        Gene(name, tuple(space[field]))
        for name, field in TOP_FIELDS.items()
        if len(space.get(field, ())) > 1
    ]
    return (
        *whole,
        *(
            Gene(f"stage{number}.{field}", tuple(stage[field]))
            for number, stage in enumerate(space["stages"], start=1)
            for field in STAGE_FIELDS
            if len(stage.get(field, ())) > 1
        ),
    )


def _stage_dict(stage: StageChoices) -> dict[str, Any]:
    values = asdict(stage)
    if stage.block == ("plain",):
        del values["block"]
    if stage.padding is None:
        del values["padding"]
    return values


def _chosen(
    stage: Stage, choices: StageChoices, blocks: tuple[str, ...], *, last: bool
) -> dict[str, Choice]:
    """The fields that have an effect in a stage, and their values."""
    named = _texts(blocks)
    values: dict[str, Choice] = {
        "depth": stage.depth,
        "filter": stage.filter,
        "stride": stage.stride,
        "block": named.get(stage.block) or format_block(stage.block),
    }
    if not isinstance(stage.block, Inception):
        if choices.last_width:
            values["last_width"] = stage.last_width
        if stage.depth > 1 or not choices.last_width:
            values["width"] = stage.width
    if not last:
        values["pool"] = "none" if stage.pool is None else format_pool(stage.pool)
    return values


@lru_cache(maxsize=1 << 14)  # a search decodes some hundred networks a proposal
def stage_of(
    block: str,
    depth: int,
    width: int,
    filter: int,
    last_width: int,
    stride: int,
    padding: int | None,
    pool: str,
) -> Stage:
    """The stage of these choices; an inception block has a width of its own."""
    parsed = parse_block(block)
    if isinstance(parsed, Inception):
        width, last_width = parsed.n_out, 0
    return Stage(
        depth, width, filter, last_width, stride, pool_of(pool), padding_of(padding, parsed), parsed
    )


@lru_cache(maxsize=256)
def pool_of(text: str) -> Pool | None:
    """`"3/2"` as a pooling of size 3 and stride 2, `"none"` as None."""
    return None if text == "none" else parse_pool(text)


def padding_of(padding: int | None, block: Block) -> int | None:
    """The padding of a stage's filters, pixels; blocks that keep the map pad by half of them."""
    return None if isinstance(block, KEEPS_MAP) else padding


@lru_cache(maxsize=256)
def _texts(blocks: tuple[str, ...]) -> dict[Block, str]:
    return {parse_block(text): text for text in blocks}


@lru_cache(maxsize=256)
def _known_head(head: Head, name: str | None, dropout: float | None) -> Head:
    found = head if name is None else head_named(name)
    return found if dropout is None else replace(found, dropout=dropout)
