"""Reruns: trainings of the front's networks with other seeds, and the spread of their errors."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Self


@dataclass(frozen=True)
class Rerun:
    """Errors of one rerun of a network."""

    seed: int  # added to the seed of the search
    val_error: float  # 0 to 1
    test_error: float  # 0 to 1


@dataclass(frozen=True)
class Spread:
    """Mean and standard deviation of an error over seeds, 0 to 1."""

    mean: float
    deviation: float | None  # None for a single value
    count: int  # number of values

    @classmethod
    def over(cls, values: Sequence[float]) -> Self:
        """The mean and the standard deviation of values, of which there is at least one."""
        return cls(fmean(values), stdev(values) if len(values) > 1 else None, len(values))

    def __str__(self) -> str:
        text = f"{self.mean:.2%}"
        if self.deviation is not None:
            text += f" ± {self.deviation:.2%}"
        return text.replace("%", "").rstrip() + " %"
