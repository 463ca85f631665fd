"""Judged times as a study keeps them and as messages show them."""

from collections.abc import Mapping
from typing import Any

from nas_tc.timing import TimeLimit
from nas_tc.worker import JudgedTime


def timing_record(
    times: tuple[JudgedTime, ...], predicted: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Times as a study keeps them, by the names of their limits.

    Args:
        times: Times of a network.
        predicted: Predicted times, from `TimeJudge.predicted_times`, to be kept beside them.
    """
    kept: dict[str, Any] = {}
    for judged in times:
        estimate, ratio = judged.estimate, judged.ratio
        values: dict[str, Any] = {
            "ms": round(estimate.value, 6),
            "low_ms": round(estimate.low, 6),
            "high_ms": round(estimate.high, 6),
            "repeats": estimate.samples,
            "verdict": judged.verdict if judged.verdict != "measure more" else "undecided",
        }
        if ratio is not None:
            values |= {
                "ratio": round(ratio.value, 6),
                "ratio_low": round(ratio.low, 6),
                "ratio_high": round(ratio.high, 6),
            }
        if judged.not_captured is not None:
            values["not_captured"] = judged.not_captured
        if judged.name in predicted:
            values["predicted_ms"] = round(predicted[judged.name]["ms"], 6)
        kept[judged.name] = values
    return kept


def reason_over_limit(times: tuple[JudgedTime, ...], limits: tuple[TimeLimit, ...]) -> str | None:
    """Why a network is out of the limits; None if it is within them.

    Args:
        times: Times of the network, in the order of the limits.
        limits: Limits on time.
    """
    for judged, limit in zip(times, limits, strict=False):
        if not judged.within:
            return f"{shown_time(judged)} is not within {limit.text!r}"
    return None


def shown_time(judged: JudgedTime) -> str:
    """A time as messages show it: milliseconds, after the ratio where the limit is one."""
    if judged.ratio is None:
        return f"{judged.estimate.value:.3g} ms"
    return f"{judged.ratio.value:.3g} of the reference ({judged.estimate.value:.3g} ms)"
