"""Tables of a study: its Pareto front and all of its trials, as data frames."""

from collections.abc import Sequence

import pandas as pd

from nas_tc.cost.measures import MEASURES, parse_measure
from nas_tc.study import StudyRecord, TrialRecord, check_objectives, objective, pareto_front

_RECORDED = ("complexity", "params")  # by formula, and in every row


def front_table(record: StudyRecord, objectives: Sequence[str] = ()) -> pd.DataFrame:
    """The Pareto-optimal networks, cheapest first.

    Columns of every table:

    - trial: number of the trial;
    - network: the network in He & Sun's notation;
    - val_error, test_error: 0 to 1; val_error is the mean over all trainings by the search;
    - complexity: multiply-adds of the convolutions, Eqn. (1);
    - of_budget: share of the limit on the complexity, or else of the first limit on a time; empty
      without either;
    - params: number of parameters;
    - train_s: time of the training, seconds;
    - latency_ms, train_step_ms@b128 and so on: each time that was recorded.

    Further columns, where there is something to show:

    - trainings: number of trainings by the search;
    - memory_bytes, train_memory_bytes@b128 and so on: each other measure that is an objective;
    - reruns: number of trainings with other seeds; rerun_val_error and rerun_test_error: their
      means; rerun_val_error_sd and rerun_test_error_sd: their standard deviations.

    Args:
        record: Record of the study.
        objectives: Objectives of the front; without any, the study's own.

    Raises:
        NasTcError: The objectives make no front, or the study does not hold them.
    """
    front = front_of(record, objectives)
    computed = computed_columns(objectives)
    columns = [
        "trial",
        "network",
        "val_error",
        "test_error",
        "complexity",
        "of_budget",
        "params",
        "train_s",
        *time_columns(record),
    ]
    rows = [
        {
            **_row(t),
            "val_error": t.mean_val_error,
            "trainings": 1 + len(t.repeats),
            "of_budget": share_of_budget(record, t),
            **{column: objective(t, name) for name, column in computed.items()},
            **_rerun_columns(t),
        }
        for t in front
    ]
    if any(trial.repeats for trial in front):
        columns += ["trainings"]
    columns += computed.values()
    if any(trial.reruns for trial in front):
        columns += ["reruns"]
        columns += [f"rerun_{which}_error{end}" for which in ("val", "test") for end in ("", "_sd")]
    return pd.DataFrame(rows, columns=columns)


def trials_table(record: StudyRecord) -> pd.DataFrame:
    """All trials in order.

    Columns: those that every front has, but of_budget; here val_error is that of this training
    alone. Further:

    - state: "complete", "pruned", "failed", "running", or "rejected" if a time was over the budget;
    - reason: reason why it ended, if it was not complete;
    - repeat_of: number of the trial that trained the same network before, if any did;
    - epochs: epochs up to the last validation;
    - timing_s: seconds that a worker spent on the trial's times;
    - latency_low_ms and so on: interval, verdict and number of samples of each time;
    - val_error@EPOCH: validation error after each rung;
    - the value of each gene.
    """
    repeated = any(trial.repeat_of is not None for trial in record.trials)
    rungs = sorted({epoch for trial in record.trials for epoch in trial.val_errors})
    rows = [
        {
            **_row(trial),
            "state": trial.state,
            "reason": trial.reason,
            **({"repeat_of": trial.repeat_of} if repeated else {}),
            "epochs": max(trial.val_errors, default=0),
            **({} if trial.timing_s is None else {"timing_s": trial.timing_s}),
            **{
                f"{name}_{key}": value
                for name, figure in trial.times.items()
                for key, value in figure.items()
                if key != "ms"
            },
            **{f"val_error@{epoch}": trial.val_errors.get(epoch) for epoch in rungs},
            **trial.genes,
        }
        for trial in record.trials
    ]
    return pd.DataFrame(rows)


def front_of(record: StudyRecord, objectives: Sequence[str] = ()) -> tuple[TrialRecord, ...]:
    """The Pareto front by these objectives; without any, by the study's own.

    Raises:
        NasTcError: The objectives make no front, or the study does not hold them.
    """
    if not objectives:
        return record.front
    check_objectives(objectives, record.complete)
    return pareto_front(record.complete, objectives)


def share_of_budget(record: StudyRecord, trial: TrialRecord) -> float | None:
    """Share of the limit on the complexity, or else of the first limit on a time; 1 is all."""
    budget = record.settings["budget"]
    if budget["complexity"]:
        return round(trial.complexity / int(budget["complexity"]), 4)
    for limit in budget.get("times", ())[:1]:
        figure = trial.times.get(limit["name"], {})
        amount = figure.get("ratio" if limit["reference"] else "ms")
        return None if amount is None else round(float(amount) / float(limit["most"]), 4)
    return None


def time_columns(record: StudyRecord) -> list[str]:
    """Names of the columns for the times in the study, such as "latency_ms"."""
    return list(dict.fromkeys(_column(name) for trial in record.trials for name in trial.times))


def computed_columns(objectives: Sequence[str]) -> dict[str, str]:
    """Columns for objectives that a study does not record, because formulas give them.

    Returns:
        Names of the columns by objective: {"memory": "memory_bytes"}.
    """
    names = [name for name in objectives if name.partition("@")[0] in MEASURES]
    return {
        name: _column(name)
        for name in names
        if name not in _RECORDED and not parse_measure(name)[0].is_timed
    }


def _column(name: str) -> str:
    """A measure's name with its unit: "train_step@b128" is "train_step_ms@b128"."""
    measure, batch = parse_measure(name)
    return measure.column(batch)


def _rerun_columns(trial: TrialRecord) -> dict[str, object]:
    columns: dict[str, object] = {"reruns": len(trial.reruns)}
    for which, spread in (("val", trial.rerun_val_error), ("test", trial.rerun_test_error)):
        if spread is not None:
            columns[f"rerun_{which}_error"] = round(spread.mean, 6)
            columns[f"rerun_{which}_error_sd"] = spread.deviation
    return columns


def _row(trial: TrialRecord) -> dict[str, object]:
    return {
        "trial": trial.number,
        "network": trial.network,
        "val_error": trial.val_error,
        "test_error": trial.test_error,
        "complexity": trial.complexity,
        "params": trial.params,
        "train_s": trial.train_s,
        **{_column(name): figure["ms"] for name, figure in trial.times.items()},
    }
