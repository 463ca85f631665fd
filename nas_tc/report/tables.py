"""A study as tables."""

import pandas as pd

from nas_tc.search import StudyRecord, TrialRecord


def front_table(record: StudyRecord) -> pd.DataFrame:
    """The Pareto-optimal networks, cheapest first.

    Columns: trial, network (the paper's notation), val_error and test_error (0 to 1), complexity
    (multiply-adds, Eqn. 1), of_budget (its share of the limit; nothing where the
    budget leaves the complexity free), params, train_s (seconds).
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
        {**_row(t), "of_budget": round(t.complexity / limit, 4) if limit else None}
        for t in record.front
    ]
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
