"""A study as tables."""

import pandas as pd

from nas_tc.search import StudyRecord, TrialRecord


def front_table(record: StudyRecord) -> pd.DataFrame:
    """The Pareto-optimal networks, cheapest first.

    Columns: trial, network (the paper's notation), val_error and test_error (0 to 1), complexity
    (multiply-adds, Eqn. 1), of_budget (its share of the limit; nothing where the
    budget leaves the complexity free), params, train_s (seconds); and of the trainings with other
    seeds, where there are any: reruns (how many), rerun_val_error and rerun_test_error (mean) with
    their standard deviations, rerun_val_error_sd and rerun_test_error_sd.
    """
    limit = record.settings["budget"]["complexity"]
    columns = [
        "trial",
        "network",
        "val_error",
        "test_error",
        "complexity",
        "of_budget",
        "params",
        "train_s",
    ]
    rows = [
        {
            **_row(t),
            "of_budget": round(t.complexity / limit, 4) if limit else None,
            **_rerun_columns(t),
        }
        for t in record.front
    ]
    if any(trial.reruns for trial in record.front):
        columns += ["reruns"]
        columns += [f"rerun_{which}_error{end}" for which in ("val", "test") for end in ("", "_sd")]
    return pd.DataFrame(rows, columns=columns)


def trials_table(record: StudyRecord) -> pd.DataFrame:
    """All trials in order.

    Columns: those of the front without of_budget; state, reason, epochs; val_error after each
    rung as val_error@EPOCH; the genes.
    """
    rungs = sorted({epoch for trial in record.trials for epoch in trial.val_errors})
    rows = [
        {
            **_row(trial),
            "state": trial.state,
            "reason": trial.reason,
            "epochs": max(trial.val_errors, default=0),
            **{f"val_error@{epoch}": trial.val_errors.get(epoch) for epoch in rungs},
            **trial.genes,
        }
        for trial in record.trials
    ]
    return pd.DataFrame(rows)


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
    }
