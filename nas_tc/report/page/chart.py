"""The numbers of the interactive chart: a point for each trained network, a cost for each axis."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import stdev
from typing import Any

from nas_tc.cost.measures import MEASURES, parse_measure
from nas_tc.report.page.endings import told
from nas_tc.report.plot import axis_label, budget_limit
from nas_tc.study import StudyRecord, TrialRecord, objective, pareto_front
from nas_tc.study.names import NetworkNames


@dataclass(frozen=True, slots=True)
class Axis:
    """A cost that the chart can show.

    Attributes:
        name: Name of the measure, with its batch: "complexity", "latency@b8".
        label: Label of the axis, with the unit.
        limit: Upper limit of the budget in the axis's unit; None without one.
        front: Numbers of the trials on the front of the error and this cost, cheapest first.
    """

    name: str
    label: str
    limit: float | None
    front: tuple[int, ...]

    def to_dict(self) -> dict[str, Any]:
        """The axis for the page's script."""
        measure, _ = parse_measure(self.name)
        return {
            "name": self.name,
            "label": self.label,
            "limit": self.limit,
            "front": list(self.front),
            "unit": measure.quantity.unit,
            "timed": measure.is_timed,
        }


def axes_of(record: StudyRecord, objectives: Sequence[str] = ()) -> tuple[Axis, ...]:
    """The costs to choose from, the study's own first.

    These are the costs of the objectives and of the budget, all recorded times, the complexity, the
    parameters and the memory of a forward pass.

    Args:
        record: Record of the study.
        objectives: Objectives that the report was asked for.
    """
    names = [name for name in (*objectives, *record.objectives) if name != "error"]
    budget = record.settings["budget"]
    for limit in budget.get("limits", ()):
        measure = MEASURES.get(limit["measure"])
        if measure is not None and not measure.is_timed:
            names.append(measure.at_batch(limit["batch"]))
    names += [name for trial in record.trials for name in trial.times]
    names += ["complexity", "params", "memory"]
    axes = []
    for name in dict.fromkeys(names):
        front = pareto_front(record.complete, ("error", name))
        axes.append(
            Axis(
                name,
                axis_label(name),
                budget_limit(record, name),
                tuple(trial.number for trial in front),
            )
        )
    return tuple(axes)


def points_of(record: StudyRecord, axes: Sequence[Axis]) -> list[dict[str, Any]]:
    """A point for each network, as plain values for the page's script.

    A network that was trained several times is one point. Keys: n, trial; s, state; e, validation
    error in %; lo and hi, the error's bar, a standard deviation on each side; t, test error in %;
    net, notation; b, family of a baseline; r, reason; ep, epochs; c, the cost on each axis; w, the
    interval of the cost on each axis where it was timed.

    Args:
        record: Record of the study.
        axes: Axes of the chart.
    """
    baselines = {trial.number: trial.baseline for trial in record.baselines}
    name = NetworkNames(record.trials)
    return [
        _point(trial, axes, name(trial), baselines.get(trial.number))
        for trial in record.trials
        if trial.repeat_of is None and trial.state not in ("failed", "running")
    ]


def _point(
    trial: TrialRecord, axes: Sequence[Axis], name: str, baseline: str | None
) -> dict[str, Any]:
    error, bar = trial.mean_val_error, _bar(trial)
    intervals = [_interval(trial, axis.name) for axis in axes]
    point: dict[str, Any] = {
        "n": trial.number,
        "s": trial.state,
        "e": None if error is None else round(100 * error, 4),
        "net": name,
        "ep": max(trial.val_errors, default=0),
        "c": [objective(trial, axis.name) for axis in axes],
    }
    if bar is not None:
        point["lo"], point["hi"] = (round(100 * each, 4) for each in bar)
    if trial.test_error is not None:
        point["t"] = round(100 * trial.test_error, 4)
    if baseline is not None:
        point["b"] = baseline
        point["out"] = trial.is_landmark
    if trial.reason is not None:
        point["r"] = told(trial.reason)
    if any(intervals):
        point["w"] = intervals
    return point


def _bar(trial: TrialRecord) -> tuple[float, float] | None:
    """Ends of the error bar: a standard deviation about the mean of several trainings."""
    again = trial.rerun_val_error
    if again is not None and again.deviation is not None:
        return again.mean - again.deviation, again.mean + again.deviation
    mean, own = trial.mean_val_error, trial.val_error
    if trial.repeats and mean is not None and own is not None:
        deviation = stdev((own, *trial.repeats))
        return mean - deviation, mean + deviation
    return None


def _interval(trial: TrialRecord, name: str) -> tuple[float, float] | None:
    figure = trial.times.get(name)
    if figure is None or "low_ms" not in figure:
        return None
    return float(figure["low_ms"]), float(figure["high_ms"])
