"""The network to replace layers of, with sums that make the complexity of a change quick."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate
from typing import Self, TypeGuard

from nas_tc.architecture import (
    Architecture,
    Depthwise,
    Inception,
    Plain,
    Shape,
    Stage,
    pooled,
    stage_layers,
    stage_maps,
    walk,
)
from nas_tc.errors import ArchitectureError
from nas_tc.replacement.replacement import Replacement, TradeOff

_PLAIN = Plain()


@dataclass(frozen=True, slots=True)
class Original:
    """A network stage by stage, and the range of complexity for its replacements.

    A replacement changes a few neighbouring stages. The stages before them keep their complexity,
    and so do the stages behind them if their input keeps its shape. Only the rest is counted anew.
    Complexity is in multiply-adds of the convolutions for one image, Eqn. (1) of He & Sun (2015).

    Attributes:
        architecture: Network to replace layers of.
        shapes: Input shape of each stage; the last is that of the head.
        before: Multiply-adds of all stages before each stage; the last is that of all stages.
        low: Fewest multiply-adds of a replacement.
        high: Most multiply-adds of a replacement.
    """

    architecture: Architecture
    shapes: tuple[Shape, ...]
    before: tuple[int, ...]
    low: float
    high: float

    @classmethod
    def of(cls, architecture: Architecture, tolerance: float) -> Self:
        """The network, taken apart into stages.

        Args:
            architecture: Network to replace layers of.
            tolerance: Largest distance of a replacement's complexity from the network's, as a
                factor: 0.07 admits 1 / 1.07 to 1.07 times the complexity.

        Raises:
            ArchitectureError: A map of the network shrinks to nothing.
        """
        shapes, costs = [architecture.input], []
        try:
            for index, stage in enumerate(architecture.stages):
                cost, shape = _stage_cost(stage, shapes[-1], index)
                shapes.append(shape)
                costs.append(cost)
        except ArchitectureError:
            walk(architecture)  # its error names the layer
            raise
        before = tuple(accumulate(costs, initial=0))
        low, high = before[-1] / (1 + tolerance), before[-1] * (1 + tolerance)
        return cls(architecture, tuple(shapes), before, low, high)

    @property
    def complexity(self) -> int:
        """Multiply-adds of the whole network."""
        return self.before[-1]

    def plain_stages(self) -> Iterator[tuple[int, Stage]]:
        """The stages of plain convolutions, numbered from 0."""
        for index, stage in enumerate(self.architecture.stages):
            if stage.block == _PLAIN:
                yield index, stage

    def unit_stages(self) -> Iterator[tuple[int, Stage]]:
        """The stages, numbered from 0, whose units have an inner width that can be chosen."""
        for index, stage in enumerate(self.architecture.stages):
            if not isinstance(stage.block, Depthwise | Inception):
                yield index, stage

    def price(self, index: int, new: Sequence[Stage], removed: int = 1) -> int | None:
        """Multiply-adds of the network with `new` in place of `removed` stages from `index` on.

        None if there is no such network, because a map shrinks to nothing.
        """
        shape, total = self.shapes[index], self.before[index]
        stages, end = self.architecture.stages, index + removed
        try:
            for offset, stage in enumerate(new):
                cost, shape = _stage_cost(stage, shape, index + offset)
                total += cost
            for behind in range(end, len(stages)):
                if shape == self.shapes[behind]:
                    return total + self.complexity - self.before[behind]
                cost, shape = _stage_cost(stages[behind], shape, behind)
                total += cost
        except ArchitectureError:
            return None
        return total

    def admits(self, complexity: int | None) -> TypeGuard[int]:
        """Whether there is such a network, and its complexity lies within the tolerance."""
        return complexity is not None and self.low <= complexity <= self.high

    def replaced(
        self,
        trade_off: TradeOff,
        change: str,
        index: int,
        new: Sequence[Stage],
        complexity: int,
        *,
        removed: int = 1,
        changed: tuple[int, ...] | None = None,
        input: Shape | None = None,
    ) -> Replacement:
        """The replacement that puts `new` in place of some stages.

        Args:
            trade_off: Name of the trade-off.
            change: Change of the layers in words.
            index: Index of the first stage that is replaced, from 0.
            new: Stages that take the place of the removed ones.
            complexity: Multiply-adds of the new network, from `price`.
            removed: Number of stages that are removed.
            changed: Numbers of the stages that changed, from 1; None: all that are removed.
            input: Shape of the new network's input; None: the original's.
        """
        stages = self.architecture.stages
        return Replacement(
            trade_off,
            changed or tuple(range(index + 1, index + removed + 1)),
            change,
            replace(
                self.architecture,
                stages=(*stages[:index], *new, *stages[index + removed :]),
                input=input or self.architecture.input,
            ),
            complexity,
            complexity / self.complexity,
        )


def _stage_cost(stage: Stage, shape: Shape, index: int) -> tuple[int, Shape]:
    """Multiply-adds of a stage behind `index` others, and its output shape.

    Plain convolutions are counted without making layers of them; a test compares both counts.

    Args:
        stage: Stage to count.
        shape: Shape of the stage's input.
        index: Index of the stage, from 0.

    Raises:
        ArchitectureError: A map shrinks to nothing.
    """
    if stage.block != _PLAIN:
        return _block_cost(stage, shape, index == 0)
    n_in, height, width = shape
    total = 0
    maps = stage_maps(stage, height, width, first=index == 0)
    for n_out, (_, height, width) in zip(stage.widths, maps, strict=True):
        total += n_in * n_out * height * width
        n_in = n_out
    if stage.pool is not None:
        height, width = pooled(stage.pool, height, width)
    return total * stage.filter**2, (n_in, height, width)


@lru_cache(maxsize=4096)
def _block_cost(stage: Stage, shape: Shape, is_first: bool) -> tuple[int, Shape]:
    """The same of a stage of other blocks; candidates share many, so results are kept.

    The units between the first and the last are alike where filters keep the maps, so one of them
    is counted for all.
    """
    alike = stage.filter % 2 == 1 and stage.padding in (None, stage.filter // 2)
    if stage.depth > 3 and alike:
        two, _ = _block_cost(replace(stage, depth=2), shape, is_first)
        three, output = _block_cost(replace(stage, depth=3), shape, is_first)
        return three + (stage.depth - 3) * (three - two), output
    layers = tuple(stage_layers(stage, shape, number=1 if is_first else 2, norm=False))
    return sum([layer.complexity for layer in layers]), layers[-1].output
