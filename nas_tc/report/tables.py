"""Tables of a study: its Pareto front and all of its trials, as data frames."""

from collections.abc import Sequence

import pandas as pd

from nas_tc.cost.measures import MEASURES, parse_measure
from nas_tc.study import StudyRecord, TrialRecord, check_objectives, objective, pareto_front
from nas_tc.study.columns import cost_column, table_in_metric, time_columns, trial_row
from nas_tc.study.names import add_unwritten

_RECORDED = ("complexity", "params")  # by formula, and in every row


def front_table(record: StudyRecord, objectives: Sequence[str] = ()) -> pd.DataFrame:
    """The Pareto-optimal networks, cheapest first, and below them the baselines.

    Columns: trial; network, in the paper's notation; val_error and test_error, 0 to 1, where
    val_error is the mean if the search has trained the network more than once; complexity,
    multiply-adds of Eqn. (1); of_budget, the share of the limit on the complexity, or of the first
    limit on a time, or nothing; params; train_s, seconds; each time that was recorded, such as
    latency_ms or train_step_ms@b128. If a network was trained more than once: trainings, how often.
    Each other measure that is an objective, such as memory_bytes or train_memory_bytes@b128. If
    there are trainings with other seeds: reruns, how many; rerun_val_error and rerun_test_error,
    their means; and rerun_val_error_sd and rerun_test_error_sd, their standard deviations. If
    networks of the study differ in the size of their images: resolution, as "24x24"; in the head:
    head, as "gap[256]". If baselines were trained: baseline, the family's name, and on_front. By
    another metric than the error, columns have its name, such as val_balanced_error, and test_error
    is the plain error; where images have several labels, test_subset_error is the share of images
    with a wrong label.

    Args:
        record: Record of the study.
        objectives: Objectives of the front; without any, the study's own.

    Raises:
        NasTcError: The objectives make no front, or the study does not hold them.
    """
    front = front_of(record, objectives)
    computed = computed_columns(objectives)
    on_front = {trial.number for trial in front}
    landmarks = landmarks_of(record, front)
    names = {trial.number: trial.baseline for trial in record.baselines}
    columns = [
        "trial",
        "network",
        "val_error",
        "test_error",
        "complexity",
        "of_budget",
        "params",
        "train_s",
        *time_columns(record.trials),
    ]
    rows = [
        {
            **trial_row(t),
            "val_error": t.mean_val_error,
            "trainings": 1 + len(t.repeats),
            "of_budget": share_of_budget(record, t),
            **{column: objective(t, name) for name, column in computed.items()},
            **_rerun_columns(t),
            "baseline": names.get(t.number),
            "on_front": t.number in on_front,
        }
        for t in (*front, *landmarks)
    ]
    if any(trial.repeats for trial in (*front, *landmarks)):
        columns += ["trainings"]
    columns += computed.values()
    if any(trial.reruns for trial in (*front, *landmarks)):
        columns += ["reruns"]
        columns += [f"rerun_{which}_error{end}" for which in ("val", "test") for end in ("", "_sd")]
    if record.baselines:
        columns += ["baseline", "on_front"]
    table = pd.DataFrame(rows, columns=columns)
    add_unwritten(table, (*front, *landmarks), record.trials)
    return table_in_metric(table, record.metric, (*front, *landmarks), multilabel=record.multilabel)


def trials_table(record: StudyRecord) -> pd.DataFrame:
    """All trials in order, as `StudyRecord.to_pandas` gives them.

    Args:
        record: Record of the study.
    """
    return record.to_pandas()


def front_of(record: StudyRecord, objectives: Sequence[str] = ()) -> tuple[TrialRecord, ...]:
    """The Pareto front by these objectives; without any, by the study's own.

    Args:
        record: Record of the study.
        objectives: Names of objectives, as for `pareto_front`.

    Raises:
        NasTcError: The objectives make no front, or the study does not hold them.
    """
    if not objectives:
        return record.front
    check_objectives(objectives, record.complete)
    return pareto_front(record.complete, objectives)


def landmarks_of(record: StudyRecord, front: Sequence[TrialRecord]) -> tuple[TrialRecord, ...]:
    """The baselines that are not on the front, cheapest first."""
    on_front = {trial.number for trial in front}
    return tuple(trial for trial in record.baselines if trial.number not in on_front)


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


def computed_columns(objectives: Sequence[str]) -> dict[str, str]:
    """Columns for objectives that a study does not record, because formulas give them.

    Args:
        objectives: Names of objectives, as for `pareto_front`.

    Returns:
        Names of the columns by objective: {"memory": "memory_bytes"}.
    """
    names = [name for name in objectives if name.partition("@")[0] in MEASURES]
    return {
        name: cost_column(name)
        for name in names
        if name not in _RECORDED and not parse_measure(name)[0].is_timed
    }


def _rerun_columns(trial: TrialRecord) -> dict[str, object]:
    columns: dict[str, object] = {"reruns": len(trial.reruns)}
    for which, spread in (("val", trial.rerun_val_error), ("test", trial.rerun_test_error)):
        if spread is not None:
            columns[f"rerun_{which}_error"] = round(spread.mean, 6)
            columns[f"rerun_{which}_error_sd"] = spread.deviation
    return columns
