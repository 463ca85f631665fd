"""What a network comes to with other seeds, and how far the results spread."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Self


@dataclass(frozen=True)
class Rerun:
    """A network of the front, trained again."""

    seed: int  # added to the search's own
    val_error: float  # 0 to 1
    test_error: float  # 0 to 1


@dataclass(frozen=True)
class Spread:
    """Mean and standard deviation over seeds, each 0 to 1."""

    mean: float
    deviation: float | None  # None of a single value
    count: int

    @classmethod
    def over(cls, values: Sequence[float]) -> Self:
        """That of one value or more."""
        return cls(fmean(values), stdev(values) if len(values) > 1 else None, len(values))

    def __str__(self) -> str:
        text = f"{self.mean:.2%}"
        if self.deviation is not None:
            text += f" ± {self.deviation:.2%}"
        return text.replace("%", "").rstrip() + " %"
