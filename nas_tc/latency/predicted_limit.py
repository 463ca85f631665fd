"""A limit on a time as a table of layer times sees it."""

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Context
from typing import Self

from nas_tc.architecture import Architecture
from nas_tc.budget import Bound
from nas_tc.errors import TableError
from nas_tc.latency.layer_times import LayerTimes
from nas_tc.latency.time_table import TimeTable
from nas_tc.timing.limits import TimeLimit

_DIGITS = 3


@dataclass(frozen=True, slots=True)
class PredictedLimit:
    """A limit in milliseconds, and what the table says that networks take.

    Attributes:
        bound: what was written.
        times: of the layers in the limit's setting.
        device: the table's.
        most: milliseconds.
        least: milliseconds.
        reference_ms: what the reference takes by the table; None without one.
    """

    bound: Bound
    times: LayerTimes
    device: str
    most: float
    least: float
    reference_ms: float | None = None

    @classmethod
    def by(cls, table: TimeTable, limit: TimeLimit, bound: Bound) -> Self:
        """The limit by this table.

        Args:
            table: of the device that the limit is meant for.
            limit: as numbers.
            bound: the same as it was written.

        Raises:
            TableError: it has no times in this setting, or none of layers like the reference's.
        """
        times = table.of(limit.setting)
        if not times.units:
            raise TableError(f"the table of layer times has no times of {limit.setting}")
        unit: float | None = None
        if limit.reference is not None:
            said = times.predict(limit.reference)
            if said is None:
                raise TableError(
                    f"the table of layer times knows no layers like those of the reference of "
                    f"{limit.text!r}"
                )
            unit = said.ms
        factor = 1.0 if unit is None else unit
        return cls(
            bound,
            times,
            str(table.machine["device"]),
            limit.most * factor,
            limit.least * factor,
            unit,
        )

    def of(self, architecture: Architecture) -> float:
        """Milliseconds.

        Raises:
            ArchitectureError: a map that shrinks to nothing.
            TableError: a layer like none that was timed.
        """
        said = self.times.predict(architecture)
        if said is None:
            raise TableError("the table of layer times knows no layers like some of the space")
        return said.ms

    def admits(self, value: float) -> bool:
        """Whether so many milliseconds are within the limit."""
        return self.least <= value <= self.most

    def amount(self, value: float, *, up: bool = True) -> str:
        """So many milliseconds as a budget says them, in three digits, rounded up or down."""
        reference = self.bound.most.reference
        if reference is None or self.reference_ms is None:
            return f"{_rounded(value, up=up)}ms"
        side = "" if reference.side is None else f"@{reference.side}"
        return f"{reference.name}{side}*{_rounded(value / self.reference_ms, up=up)}"

    def shown(self, value: float) -> str:
        """So many milliseconds for a table."""
        return f"{value:.3g} ms"

    def __str__(self) -> str:
        text = f"{self.most:.3g} ms"
        if self.bound.least is not None:
            text = f"{self.least:.3g} to {text}"
        reference = self.bound.most.reference
        if reference is not None:
            text += f" ({self.bound.text}; {reference.name} takes {self.reference_ms:.3g} ms)"
        return text


def _rounded(value: float, *, up: bool) -> str:
    way = ROUND_CEILING if up else ROUND_FLOOR
    return f"{Context(prec=_DIGITS, rounding=way).create_decimal(value):f}"
