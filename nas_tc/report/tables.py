"""A study as tables."""

from collections.abc import Sequence

import pandas as pd

from nas_tc.study import StudyRecord, TrialRecord, check_objectives, objective, pareto_front


def front_table(record: StudyRecord, objectives: Sequence[str] = ()) -> pd.DataFrame:
    """The Pareto-optimal networks, cheapest first.

    Columns: trial, network (the paper's notation), val_error and test_error (0 to 1; val_error is
    the mean where the search has trained the network more than once: trainings), complexity
    (multiply-adds, Eqn. 1), of_budget (the share of the limit on the complexity, or of the first
    one on a time; nothing where there is neither), params, train_s (seconds); the times that were
    recorded, such as latency_ms or train_step_ms@b128, and memory_bytes where it is an objective;
    and of the trainings with other
    seeds, where there are any: reruns (how many), rerun_val_error and rerun_test_error (mean) with
    their standard deviations, rerun_val_error_sd and rerun_test_error_sd.

    Args:
        record: the study.
        objectives: of the front; the study's own if there are none.
    """
    front = front_of(record, objectives)
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
            "memory_bytes": objective(t, "memory") if "memory" in objectives else None,
            **_rerun_columns(t),
        }
        for t in front
    ]
    if any(trial.repeats for trial in front):
        columns += ["trainings"]
    if "memory" in objectives:
        columns += ["memory_bytes"]
    if any(trial.reruns for trial in front):
        columns += ["reruns"]
        columns += [f"rerun_{which}_error{end}" for which in ("val", "test") for end in ("", "_sd")]
    return pd.DataFrame(rows, columns=columns)


def trials_table(record: StudyRecord) -> pd.DataFrame:
    """All trials in order.

    Columns: those of the front without of_budget, val_error being that of this training alone;
    state (rejected: over the budget by the clock), reason, repeat_of (the trial that trained the
    network before, where some did), epochs; timing_s, seconds that a worker spent on its times, and
    of each time its interval, verdict and repeats, as latency_low_ms, ...; val_error after each
    rung as val_error@EPOCH; the genes.
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
    """The front by these objectives; the study's own if there are none.

    Raises:
        NasTcError: objectives that make no front, or that the study does not hold.
    """
    if not objectives:
        return record.front
    check_objectives(objectives, record.complete)
    return pareto_front(record.complete, objectives)


def share_of_budget(record: StudyRecord, trial: TrialRecord) -> float | None:
    """The share of the limit on the complexity, or else of the first on a time."""
    budget = record.settings["budget"]
    if budget["complexity"]:
        return round(trial.complexity / int(budget["complexity"]), 4)
    for limit in budget.get("times", ())[:1]:
        figure = trial.times.get(limit["name"], {})
        amount = figure.get("ratio" if limit["reference"] else "ms")
        return None if amount is None else round(float(amount) / float(limit["most"]), 4)
    return None


def time_columns(record: StudyRecord) -> list[str]:
    """Columns of the times that the study holds."""
    return list(dict.fromkeys(_column(name) for trial in record.trials for name in trial.times))


def _column(name: str) -> str:
    """A figure's name with its unit: "train_step@b128" is "train_step_ms@b128"."""
    what, at, batch = name.partition("@")
    return f"{what}_ms{at}{batch}"


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
