"""A search space: the choices of each stage as genes, and the network for a choice of each."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property, lru_cache
from math import prod
from typing import Any, Self

from nas_tc.architecture import Architecture, Head, Norm, Pool, Shape, Stage
from nas_tc.errors import SpaceError

Choice = int | str
Values = Mapping[str, Choice]  # gene name to the chosen value


# Fields of a stage that can be chosen, in the order of the genes.
STAGE_FIELDS = ("depth", "width", "last_width", "filter", "stride", "pool")


@dataclass(frozen=True, slots=True)
class Gene:
    """One variable of a space, such as the width of stage 2, and its possible values."""

    name: str  # "stage2.width"
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class StageChoices:
    """The choices of one stage; a single choice is fixed.

    A depth of 0 leaves out the stage and all stages behind it. Without `last_width` the last
    convolution is as wide as the others. A pooling is `"3/3"` (size/stride) or `"none"`; it stands
    before the next stage and is left out with it.
    """

    depth: tuple[int, ...]
    width: tuple[int, ...]
    filter: tuple[int, ...]
    last_width: tuple[int, ...] = ()
    stride: tuple[int, ...] = (1,)
    pool: tuple[str, ...] = ("none",)


@dataclass(frozen=True)
class Space:
    """A set of networks: the input, the head, and the choices of each stage.

    Raises:
        SpaceError: There is no stage, a depth of 0 is in the first stage or before a stage that
            cannot be left out, or a pooling is behind the last stage.
    """

    name: str
    input: Shape  # channels, height, width
    head: Head
    stages: tuple[StageChoices, ...]
    norm: Norm = "batch"
    classes: int = 10
    description: str = ""

    def __post_init__(self) -> None:
        if not self.stages:
            raise SpaceError(f"space {self.name!r}: it needs at least one [[stage]]")
        if 0 in self.stages[0].depth:
            raise SpaceError(f"space {self.name!r}: stage 1 cannot have a depth of 0")
        for number, (stage, following) in enumerate(
            zip(self.stages, self.stages[1:], strict=False), start=1
        ):
            if 0 in stage.depth and 0 not in following.depth:
                raise SpaceError(
                    f"space {self.name!r}: stage {number} can have a depth of 0, so stage "
                    f"{number + 1} must allow it too (a depth of 0 ends the network)"
                )
        if self.stages[-1].pool != ("none",):
            raise SpaceError(
                f"space {self.name!r}: the last stage has a pooling, but the head pools; leave "
                "it out"
            )

    def at(self, input: Shape, classes: int) -> Self:
        """The same choices for images of another shape or another number of classes."""
        return replace(self, input=input, classes=classes)

    def to_dict(self) -> dict[str, Any]:
        """The choices as plain lists, numbers and strings; the name is not among them."""
        return {
            "input": list(self.input),
            "classes": self.classes,
            "norm": self.norm,
            "head": asdict(self.head),
            "stages": [asdict(stage) for stage in self.stages],
        }

    @cached_property
    def genes(self) -> tuple[Gene, ...]:
        """All genes, in order. A field with a single choice has no gene."""
        return genes_of([asdict(stage) for stage in self.stages])

    @cached_property
    def settings(self) -> int:
        """Number of settings of the genes; several may decode to the same network."""
        return prod(len(gene.choices) for gene in self.genes)

    def decode(self, values: Values) -> Architecture:
        """The network that the genes' values choose.

        Args:
            values: A choice for every gene, by name.

        Raises:
            KeyError: A gene has no value.
        """
        fields: list[tuple[Any, ...]] = []
        for number, choices in enumerate(self.stages, start=1):

            def pick(field: str, options: tuple[Choice, ...], number: int = number) -> Any:
                return options[0] if len(options) == 1 else values[f"stage{number}.{field}"]

            depth = pick("depth", choices.depth)
            if depth == 0:
                break
            fields.append(
                (
                    depth,
                    pick("width", choices.width),
                    pick("filter", choices.filter),
                    pick("last_width", choices.last_width or (0,)),
                    pick("stride", choices.stride),
                    pick("pool", choices.pool),
                )
            )
        *others, last = fields
        stages = [_stage(*each) for each in others] + [_stage(*last[:-1], "none")]
        return Architecture(self.input, tuple(stages), self.head, self.classes, self.norm)

    def encode(self, architecture: Architecture) -> dict[str, Choice]:
        """Values of the genes that decode to `architecture`; genes without effect have any value.

        Args:
            architecture: Network to encode.

        Raises:
            SpaceError: The space cannot choose a stage. The message has its number.
        """
        values: dict[str, Choice] = {}
        stages = architecture.stages
        if len(stages) > len(self.stages):
            raise SpaceError(
                f"space {self.name!r} has {len(self.stages)} stages: {len(stages)} given"
            )
        for number, choices in enumerate(self.stages, start=1):
            chosen: dict[str, Choice] = {"depth": 0}
            if number <= len(stages):
                chosen = _chosen(stages[number - 1], choices, last=number == len(stages))
            for field in STAGE_FIELDS:
                options: tuple[Choice, ...] = getattr(choices, field)
                if field in chosen and chosen[field] not in options:
                    raise SpaceError(
                        f"space {self.name!r}: stage {number} cannot have {field} {chosen[field]}"
                    )
                if len(options) > 1:
                    values[f"stage{number}.{field}"] = chosen.get(field, options[0])
        if self.decode(values).stages != stages:
            raise SpaceError(f"space {self.name!r} ties widths that this network has apart")
        return values


def genes_of(stages: Sequence[Mapping[str, Sequence[Choice]]]) -> tuple[Gene, ...]:
    """The genes of a space, from its stages in the form of `Space.to_dict`."""
    return tuple(
        Gene(f"stage{number}.{field}", tuple(stage[field]))
        for number, stage in enumerate(stages, start=1)
        for field in STAGE_FIELDS
        if len(stage[field]) > 1
    )


def _chosen(stage: Stage, choices: StageChoices, *, last: bool) -> dict[str, Choice]:
    """The fields that have an effect in a stage, and their values."""
    values: dict[str, Choice] = {
        "depth": stage.depth,
        "filter": stage.filter,
        "stride": stage.stride,
    }
    if choices.last_width:
        values["last_width"] = stage.last_width
    if stage.depth > 1 or not choices.last_width:
        values["width"] = stage.width
    if not last:
        values["pool"] = "none" if stage.pool is None else f"{stage.pool.size}/{stage.pool.stride}"
    return values


@lru_cache(maxsize=1 << 14)  # a search decodes some hundred networks a proposal
def _stage(depth: int, width: int, filter: int, last_width: int, stride: int, pool: str) -> Stage:
    return Stage(depth, width, filter, last_width, stride=stride, pool=parse_pool(pool))


@lru_cache(maxsize=256)
def parse_pool(text: str) -> Pool | None:
    """`"3/2"` as a pooling of size 3 and stride 2, `"none"` as None."""
    if text == "none":
        return None
    size, stride = text.split("/")
    return Pool(int(size), int(stride))
