"""Names and values of the columns that tables of a study share."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nas_tc.cost.measures import parse_measure
from nas_tc.metric import Metric
from nas_tc.study.trial import TrialRecord

if TYPE_CHECKING:
    import pandas as pd


def in_metric(column: str, metric: Metric) -> str:
    """The name of a column: "val_error" is "val_balanced_error" by the balanced error.

    Args:
        column: Name with "val_error" or "test_error" in it, or any other.
        metric: Metric of the errors.
    """
    for split in ("val", "test"):
        column = column.replace(f"{split}_error", f"{split}_{metric.value}")
    return column


def cost_column(name: str) -> str:
    """A measure's name with its unit: "train_step@b128" is "train_step_ms@b128"."""
    measure, batch = parse_measure(name)
    return measure.column(batch)


def time_columns(trials: Sequence[TrialRecord]) -> list[str]:
    """Names of the columns for the times of trials, such as "latency_ms"."""
    names = dict.fromkeys(name for trial in trials for name in trial.times)
    return [cost_column(name) for name in names]


def trial_row(trial: TrialRecord) -> dict[str, object]:
    """The columns that each table of trials has."""
    return {
        "trial": trial.number,
        "network": trial.network,
        "val_error": trial.val_error,
        "test_error": trial.test_error,
        "complexity": trial.complexity,
        "params": trial.params,
        "train_s": trial.train_s,
        **{cost_column(name): figure["ms"] for name, figure in trial.times.items()},
    }


def table_in_metric(
    table: "pd.DataFrame",
    metric: Metric,
    trials: Sequence[TrialRecord],
    *,
    multilabel: bool = False,
) -> "pd.DataFrame":
    """Names the columns of errors by the metric; the plain test error stands beside it.

    Args:
        table: Table of trials.
        metric: Metric of the study.
        trials: Trials of the rows.
        multilabel: Whether images have several labels.
    """
    if metric == Metric.ERROR or table.empty:
        return table
    table = table.rename(columns=lambda name: in_metric(name, metric))
    after = list(table.columns).index(in_metric("test_error", metric)) + 1
    plain = [None if trial.confusion is None else trial.confusion.error for trial in trials]
    name = "test_subset_error" if multilabel else "test_error"
    if name not in table:
        table.insert(after, name, plain)
        table[name] = table[name].astype(float)
    return table
