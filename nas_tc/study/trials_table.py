"""All trials of a study as a data frame."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nas_tc.metric import Metric
from nas_tc.study.columns import table_in_metric, trial_row
from nas_tc.study.names import add_unwritten
from nas_tc.study.trial import TrialRecord

if TYPE_CHECKING:
    import pandas as pd


def trials_table(
    trials: Sequence[TrialRecord], metric: Metric, *, multilabel: bool = False
) -> "pd.DataFrame":
    """All trials in order, those that trained baselines among them.

    Columns: trial; network, in the paper's notation; val_error, of this training alone, and
    test_error, 0 to 1; complexity, multiply-adds of Eqn. (1); params; train_s, seconds; each time
    that was recorded, such as latency_ms or train_step_ms@b128; state (rejected: over the budget by
    the clock), reason, baseline (the family, where there are any), repeat_of (the trial that
    trained the network before, where some did), epochs; timing_s, seconds that a worker spent on
    its times, and of each time its interval, verdict and repeats, as latency_low_ms, ...; val_error
    after each rung as val_error@EPOCH; the genes. By another metric than the error, columns have
    its name, such as val_balanced_error, and test_error is the plain error.

    Args:
        trials: All trials of the study.
        metric: Metric of the errors.
        multilabel: Whether images have several labels.
    """
    import pandas as pd  # noqa: PLC0415  # reading a study does without it

    repeated = any(trial.repeat_of is not None for trial in trials)
    has_baselines = any(trial.baseline is not None for trial in trials)
    rungs = sorted({epoch for trial in trials for epoch in trial.val_errors})
    rows = [
        {
            **trial_row(trial),
            "state": trial.state,
            "reason": trial.reason,
            **({"baseline": trial.baseline} if has_baselines else {}),
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
        for trial in trials
    ]
    table = pd.DataFrame(rows)
    add_unwritten(table, trials, trials)
    return table_in_metric(table, metric, trials, multilabel=multilabel)
