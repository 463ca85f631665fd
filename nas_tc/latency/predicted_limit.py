"""A limit on a time, for which a table of layer times predicts the networks' times."""

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Context
from math import inf
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
    """A limit in milliseconds, and the table that predicts networks' times.

    Attributes:
        bound: The limit as written in the budget.
        times: Times of layers in the limit's setting.
        device: Device of the table.
        most: Upper end of the limit, milliseconds.
        least: Lower end, milliseconds.
        reference_ms: Predicted time of the reference network, milliseconds; None without one.
        cautious: Whether a network counts with the time that it exceeds once in four times, not
            with the expected one.
    """

    bound: Bound
    times: LayerTimes
    device: str
    most: float
    least: float
    reference_ms: float | None = None
    cautious: bool = False

    @classmethod
    def by(
        cls, table: TimeTable, limit: TimeLimit, bound: Bound, *, cautious: bool = False
    ) -> Self:
        """The limit in milliseconds, with the reference predicted by a table.

        Args:
            table: Table of the device that the limit is meant for.
            limit: The limit as numbers: milliseconds, or multiples of its reference.
            bound: The limit as written in the budget.
            cautious: Whether networks near the limit count as beyond it.

        Raises:
            TableError: The table has no times in this setting.
        """
        times = table.of(limit.setting)
        if not times.layers:
            raise TableError(f"the table of layer times has no times of {limit.setting}")
        reference_ms: float | None = None
        if limit.reference is not None:
            predicted = times.predict(limit.reference)
            assert predicted is not None
            reference_ms = predicted.ms
        factor = 1.0 if reference_ms is None else reference_ms
        return cls(
            bound,
            times,
            str(table.machine["device"]),
            limit.most * factor,
            limit.least * factor,
            reference_ms,
            cautious,
        )

    def of(self, architecture: Architecture) -> float:
        """Predicted milliseconds of a network.

        Args:
            architecture: The network.

        Raises:
            ArchitectureError: A map shrinks to nothing.
        """
        predicted = self.times.predict(architecture)
        assert predicted is not None  # `by` refuses a table without times
        return predicted.likely_ms if self.cautious and predicted.high_ms < inf else predicted.ms

    def admits(self, value: float) -> bool:
        """Whether `value` milliseconds are within the limit."""
        return self.least <= value <= self.most

    def amount(self, value: float, *, up: bool = True) -> str:
        """`value` milliseconds in the budget language: three digits, rounded up or down."""
        reference = self.bound.most.reference
        if reference is None or self.reference_ms is None:
            return f"{_rounded(value, up=up)}ms"
        side = "" if reference.side is None else f"@{reference.side}"
        return f"{reference.name}{side}*{_rounded(value / self.reference_ms, up=up)}"

    def shown(self, value: float) -> str:
        """`value` milliseconds for a printed table."""
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
