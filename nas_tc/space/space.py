"""A search space: the choices of each stage as genes, and the network for a choice of each."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from itertools import product, zip_longest
from math import prod
from typing import Any, Self

from nas_tc.architecture import ACTIVATIONS, Architecture, Head, Norm, Shape
from nas_tc.errors import SpaceError, unknown
from nas_tc.space.checks import check_blocks, check_depths
from nas_tc.space.choices import STAGE_FIELDS, TOP_FIELDS, Choice, Gene, StageChoices
from nas_tc.space.decoding import known_head, stage_of
from nas_tc.space.encoding import stage_values

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

    def numbers(self, values: Sequence[Values]) -> list[list[int]]:
        """The setting of each of these: `values` backwards."""
        return [[numbers[each[name]] for name, numbers in self._numbers.items()] for each in values]

    @cached_property
    def _numbers(self) -> dict[str, dict[Choice, int]]:
        """For each gene the number of each choice."""
        return {
            gene.name: {choice: n for n, choice in enumerate(gene.choices)} for gene in self.genes
        }

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
            self.head_of(pick("head", self.heads), pick("dropout", self.dropouts)),
            self.classes,
            self.norm,
            pick("activation", self.activations),
        )

    def encode(self, architecture: Architecture) -> dict[str, Choice]:
        """Values of the genes that decode to `architecture`: the first where there is no effect.

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
        values = self._whole_values(architecture)
        for number, (choices, stage) in enumerate(zip_longest(self.stages, stages), start=1):
            is_last = number == len(stages)
            values |= stage_values(self.name, number, choices, self.blocks, stage, is_last=is_last)
        if self.decode(values).stages != stages:
            raise SpaceError(
                f"space {self.name!r} ties widths or blocks that this network has apart"
            )
        return values

    def _whole_values(self, architecture: Architecture) -> dict[str, Choice]:
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
            pairs = product(self.heads or (None,), self.dropouts or (None,))
            found = next((each for each in pairs if self.head_of(*each) == architecture.head), None)
            if found is None:
                raise SpaceError(f"space {self.name!r} cannot have the head {architecture.head}")
            head, dropout = found
            if head is not None and len(self.heads) > 1:
                values["head"] = head
            if dropout is not None and len(self.dropouts) > 1:
                values["dropout"] = dropout
        if len(self.blocks) > 1:
            values["block"] = self.blocks[0]
        return values

    def head_of(self, name: str | None, dropout: float | None) -> Head:
        """The head of these choices; None: the space has no such gene."""
        return known_head(self.head, name, dropout)


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
