"""The parts of a budget as values: references, amounts and bounds."""

from dataclasses import dataclass
from decimal import Decimal

from nas_tc.architecture import Architecture
from nas_tc.cost.measures import MEASURES


@dataclass(frozen=True, slots=True)
class Reference:
    """A network that an amount is a multiple of."""

    name: str  # as it was written: a name of the zoo, a notation or a JSON file
    architecture: Architecture
    side: int | None = None  # height and width of its images, pixels; None: the data's


@dataclass(frozen=True, slots=True)
class Amount:
    """A number in the unit of its measure, or a factor of what a reference has."""

    factor: Decimal  # of the reference; without one, the number in the measure's unit
    reference: Reference | None = None


@dataclass(frozen=True, slots=True)
class Bound:
    """One limit as it was written: `measure<=most`, or `measure in least..most`."""

    text: str
    measure: str  # one of MEASURES
    most: Amount
    least: Amount | None = None
    batch: int = 1  # images
    device: str | None = None  # device of a time; None: the one that the search runs on


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits that must all hold; `resolve_budget` makes them numbers."""

    expression: str
    bounds: tuple[Bound, ...]

    def __str__(self) -> str:
        return self.expression

    @property
    def times(self) -> tuple[Bound, ...]:
        """The bounds that only a clock can check."""
        return tuple(bound for bound in self.bounds if MEASURES[bound.measure].is_timed)
