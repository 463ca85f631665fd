"""How trials ended that are not on the page otherwise: rejected, pruned, failed, and why."""

import re
from dataclasses import dataclass

from nas_tc._words import counted
from nas_tc.study import StudyRecord, TrialRecord

# Ray names the node of a worker that died; a report is passed on.
_ADDRESS = re.compile(r" \((?:IP|ID): [^)]*\)")
_NUMBERS = re.compile(r"\d[\d.,:/]*")


@dataclass(frozen=True, slots=True)
class Ending:
    """Trials that ended for the same reason.

    Attributes:
        state: "rejected", "pruned" or "failed".
        reason: The reason of the first of them, in words.
        trials: The trials.
    """

    state: str
    reason: str
    trials: tuple[TrialRecord, ...]

    @property
    def numbers(self) -> str:
        """Numbers of the trials: "3, 5 and 8"."""
        *most, last = (str(trial.number) for trial in self.trials)
        return f"{', '.join(most)} and {last}" if most else last


def endings_of(record: StudyRecord) -> tuple[Ending, ...]:
    """The trials that did not end complete, by state and reason, the most frequent first.

    Reasons that differ in numbers alone count as one.

    Args:
        record: Record of the study.
    """
    groups: dict[tuple[str, str], list[TrialRecord]] = {}
    words: dict[tuple[str, str], str] = {}
    for trial in record.trials:
        if trial.state in ("rejected", "pruned", "failed"):
            reason = _reason(record, trial)
            key = (trial.state, _NUMBERS.sub("#", reason))
            groups.setdefault(key, []).append(trial)
            words.setdefault(key, reason)
    order = {"rejected": 0, "pruned": 1, "failed": 2}
    found = [Ending(key[0], words[key], tuple(trials)) for key, trials in groups.items()]
    return tuple(sorted(found, key=lambda each: (order[each.state], -len(each.trials))))


def told(reason: str) -> str:
    """A reason without addresses of machines.

    Args:
        reason: Why a trial ended, as the study has it.
    """
    return _ADDRESS.sub("", reason)


def _reason(record: StudyRecord, trial: TrialRecord) -> str:
    if trial.reason is not None:
        return told(trial.reason)
    if trial.state == "pruned":
        epochs = counted(record.settings["recipe"]["epochs"], "epoch")
        return (
            f"after {max(trial.val_errors, default=0)} of {epochs} its training loss was "
            "behind that of networks that cost no more"
        )
    return "the search was stopped while it was trained; its network was queued again"
