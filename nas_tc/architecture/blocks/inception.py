"""The inception block (Szegedy et al., "Going deeper with convolutions", 2015)."""

from collections.abc import Iterator
from dataclasses import astuple, dataclass
from typing import ClassVar

from nas_tc.architecture.blocks.unit import Unit
from nas_tc.architecture.layers import Concat, Layer, MaxPool
from nas_tc.errors import ArchitectureError


@dataclass(frozen=True, slots=True)
class Inception:
    """Four branches, concatenated: 1x1; 1x1, s x s; 1x1, (s+2) x (s+2); max pooling s, 1x1.

    The stage's filter size is s, 3 in GoogLeNet. The fields are the columns of its Table 1.

    Raises:
        ArchitectureError: A branch has no filters.
    """

    one: int  # filters of the 1x1
    reduce: int  # filters of the 1x1 before the s x s
    middle: int  # filters of the s x s
    reduce_large: int  # filters of the 1x1 before the (s+2) x (s+2)
    large: int  # filters of the (s+2) x (s+2)
    project: int  # filters of the 1x1 behind the pooling
    convs: ClassVar[int] = 2

    def __post_init__(self) -> None:
        if min(astuple(self)) < 1:
            raise ArchitectureError(
                f"each branch of an inception block needs 1 filter or more: {astuple(self)}"
            )

    @property
    def n_out(self) -> int:
        """Filters of the branches together, which is the width that a stage must have."""
        return self.one + self.middle + self.large + self.project

    def layers(self, unit: Unit) -> Iterator[Layer]:
        """The unit's layers; raises ArchitectureError for a stride, or branches that don't sum."""
        total = self.n_out
        if unit.n_out != total:
            raise ArchitectureError(
                f"{unit.name}: the branches of the inception block have {self.one} + "
                f"{self.middle} + {self.large} + {self.project} = {total} filters, but the "
                f"width is {unit.n_out}; they must be equal"
            )
        if unit.stride > 1:
            raise ArchitectureError(
                f"{unit.name}: an inception block has no stride; pool before it instead"
            )
        act = unit.activation
        shape = unit.input
        feed = unit.source
        one = unit.conv("one", shape, self.one, 1, activation=act, source=feed)
        yield one
        reduce = unit.conv("reduce", shape, self.reduce, 1, activation=act, source=feed)
        yield reduce
        middle = unit.conv("middle", reduce.output, self.middle, unit.filter, activation=act)
        yield middle
        reduce = unit.conv("reduce_large", shape, self.reduce_large, 1, activation=act, source=feed)
        yield reduce
        large = unit.conv("large", reduce.output, self.large, unit.filter + 2, activation=act)
        yield large
        size = unit.filter
        yield MaxPool(f"{unit.name}.pool", shape, size, 1, shape, size // 2, source=feed)
        project = unit.conv("project", shape, self.project, 1, activation=act)
        yield project
        parts = (one.name, middle.name, large.name, project.name)
        yield Concat(f"{unit.name}.concat", one.output, parts, unit.output)
