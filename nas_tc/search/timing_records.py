"""Figures of the clock as a study keeps and tells them."""

from collections.abc import Mapping
from typing import Any

from nas_tc.timing import TimeLimit
from nas_tc.worker import Figure


def recorded(
    figures: tuple[Figure, ...], foretold: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Figures as a study keeps them, by name."""
    kept: dict[str, Any] = {}
    for figure in figures:
        time, ratio = figure.time, figure.ratio
        values: dict[str, Any] = {
            "ms": round(time.value, 6),
            "low_ms": round(time.low, 6),
            "high_ms": round(time.high, 6),
            "repeats": time.samples,
            "verdict": figure.verdict if figure.verdict != "measure more" else "undecided",
        }
        if ratio is not None:
            values |= {
                "ratio": round(ratio.value, 6),
                "ratio_low": round(ratio.low, 6),
                "ratio_high": round(ratio.high, 6),
            }
        if figure.name in foretold:
            values["foretold_ms"] = round(foretold[figure.name]["ms"], 6)
        kept[figure.name] = values
    return kept


def too_slow(figures: tuple[Figure, ...], limits: tuple[TimeLimit, ...]) -> str | None:
    """Why a network is out of the budget; None if it is within."""
    for figure, limit in zip(figures, limits, strict=False):
        if not figure.within:
            return f"{amount(figure)} is not within {limit.text!r}"
    return None


def amount(figure: Figure) -> str:
    """The figure that the limit is for, in words."""
    if figure.ratio is None:
        return f"{figure.time.value:.3g} ms"
    return f"{figure.ratio.value:.3g} of the reference ({figure.time.value:.3g} ms)"
