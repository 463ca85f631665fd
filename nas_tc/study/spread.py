"""Results of reruns with other seeds, and their spread."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Self


@dataclass(frozen=True)
class Rerun:
    """A network of the front, trained again."""

    seed: int  # offset to the seed of the search
    val_error: float  # 0 to 1
    test_error: float  # 0 to 1


@dataclass(frozen=True)
class Spread:
    """Mean and standard deviation over seeds, each 0 to 1."""

    mean: float
    deviation: float | None  # None for a single value
    count: int

    @classmethod
    def over(cls, values: Sequence[float]) -> Self:
        """Mean and deviation of one value or more."""
        return cls(fmean(values), stdev(values) if len(values) > 1 else None, len(values))

    def __str__(self) -> str:
        text = f"{self.mean:.2%}"
        if self.deviation is not None:
            text += f" ± {self.deviation:.2%}"
        return text.replace("%", "").rstrip() + " %"
