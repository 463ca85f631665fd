"""The parts of a parsed budget: reference networks, amounts and bounds."""

from dataclasses import dataclass
from decimal import Decimal

from nas_tc.architecture import Architecture
from nas_tc.cost.measures import MEASURES


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference network, such as alexnet in "alexnet@224*0.6"."""

    name: str  # as written: a name of the zoo, a notation or a JSON file
    architecture: Architecture
    side: int | None = None  # height and width of its images, pixels; None: the data's


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount of a measure: a number in its unit, or a multiple of a reference network's."""

    factor: Decimal  # multiple of the reference's amount; without a reference, the amount itself
    reference: Reference | None = None


@dataclass(frozen=True, slots=True)
class Bound:
    """One limit as written: `measure<=most`, or `measure in least..most`."""

    text: str
    measure: str  # one of MEASURES
    most: Amount
    least: Amount | None = None
    batch: int = 1  # number of images
    device: str | None = None  # device that a time is for; None: the search's own
    runtime: str = "torch"  # program that a time is for: torch or onnxruntime
    dtype: str = "fp32"  # type of numbers in that program


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits that must all hold, as written; `resolve_budget` converts them to numbers."""

    expression: str
    bounds: tuple[Bound, ...]

    def __str__(self) -> str:
        return self.expression

    @property
    def times(self) -> tuple[Bound, ...]:
        """The bounds on times, which have to be measured."""
        return tuple(bound for bound in self.bounds if MEASURES[bound.measure].is_timed)
