"""The parts of a budget as values: measures, their units, amounts and bounds."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Literal, get_args

from nas_tc.architecture import Architecture

Measure = Literal["complexity", "params", "memory", "train_memory", "latency", "train_step"]
MEASURES: tuple[Measure, ...] = get_args(Measure)
TIMES: tuple[Measure, ...] = ("latency", "train_step")  # known by the clock alone

_COUNTS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_BYTES = {
    "B": 1,
    "kB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
}
_MILLISECONDS = {"us": Decimal("0.001"), "ms": Decimal(1), "s": Decimal(1000)}


@dataclass(frozen=True, slots=True)
class Kind:
    """What numbers a measure takes; its units in terms of the one that we count in."""

    what: str  # "a time", for errors
    counted_in: str  # "ms", "bytes"; for what is printed
    units: Mapping[str, int | Decimal]

    @property
    def known(self) -> str:
        """The units as a phrase: "us, ms or s"."""
        *most, last = filter(None, self.units)
        return f"{', '.join(most)} or {last}"


_TIME = Kind("a time", "ms", MappingProxyType(_MILLISECONDS))
_SIZE = Kind("a size in memory", "bytes", MappingProxyType(_BYTES))
KINDS: Mapping[Measure, Kind] = MappingProxyType(
    {
        "complexity": Kind("multiply-adds", "multiply-adds", MappingProxyType(_COUNTS)),
        "params": Kind("a number of parameters", "parameters", MappingProxyType(_COUNTS)),
        "memory": _SIZE,
        "train_memory": _SIZE,
        "latency": _TIME,
        "train_step": _TIME,
    }
)


@dataclass(frozen=True, slots=True)
class Reference:
    """A network that an amount is a multiple of."""

    name: str  # as it was written: a name of the zoo, a notation or a JSON file
    architecture: Architecture
    side: int | None = None  # of its images, pixels; None: the data's


@dataclass(frozen=True, slots=True)
class Amount:
    """A number with a unit, or a factor of what a network has."""

    factor: Decimal  # of the reference; without one in the unit that the measure is counted in
    reference: Reference | None = None


@dataclass(frozen=True, slots=True)
class Bound:
    """One limit as it was written: `measure <= most`, or `measure in least..most`."""

    text: str
    measure: Measure
    most: Amount
    least: Amount | None = None
    batch: int = 1  # images
    device: str | None = None  # of a time; None: the one that the search runs on


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
        return tuple(bound for bound in self.bounds if bound.measure in TIMES)
