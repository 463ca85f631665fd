"""Trials and progress in words, for lines and for the live view."""

from typing import TYPE_CHECKING

from nas_tc._words import counted, duration
from nas_tc.cli.console import percent

if TYPE_CHECKING:
    from nas_tc.search import Progress
    from nas_tc.study import TrialRecord
    from nas_tc.study.names import NetworkNames


def network_names() -> "NetworkNames":
    """Names for the networks of a search, by those that have ended so far."""
    from nas_tc.study.names import NetworkNames  # noqa: PLC0415

    return NetworkNames()


def ending(trial: "TrialRecord", name: str, metric: str) -> str:
    """The result of a trial in one line; `name` is that of its network."""
    network = f"{trial.complexity:,} multiply-adds, {name}"
    if trial.baseline is not None:
        network = f"baseline {trial.baseline}, {network}"
    again = "" if trial.repeat_of is None else f" (the network of trial {trial.repeat_of} again)"
    if trial.state == "failed":
        return f"trial {trial.number} failed{again}: {trial.reason}: {network}"
    if trial.state == "rejected":
        return f"trial {trial.number} is over the budget: {trial.reason}: {network}"
    if trial.reason is not None:
        return f"trial {trial.number} stopped{again}, {trial.reason}: {network}"
    after = f"after {counted(max(trial.val_errors, default=0), 'epoch')}{again}"
    error = percent(trial.val_error)
    return f"trial {trial.number} {trial.state} {after}: {metric} {error}, {network}"


def summary(progress: "Progress") -> str:
    """Counts of trials, the lowest validation error and the time that is left, in one line."""
    parts = [
        f"{progress.running} running",
        f"{progress.pruned} pruned",
    ]
    if progress.failed:
        parts.append(f"{progress.failed} failed")
    if progress.best is not None:
        parts.append(f"best {percent(progress.best.mean_val_error)}")
    if progress.left_s is not None and (progress.goal is None or progress.done < progress.goal):
        parts.append(f"{duration(progress.left_s)} left")
    return ", ".join(parts)
