"""Networks that were trained more than once in a search, each time with another seed."""

from collections.abc import Sequence
from dataclasses import replace

from nas_tc.architecture import Architecture
from nas_tc.study.trial import TrialRecord


def with_repeats(trials: Sequence[TrialRecord]) -> tuple[TrialRecord, ...]:
    """The trials of a study, with all errors of a network gathered in its first complete trial.

    A later trial of the same network that was pruned or failed refers to the first, too, but its
    error does not count, because it is of fewer epochs.
    """
    first: dict[Architecture, int] = {}  # place of the first complete trial
    errors: dict[int, list[float]] = {}
    found = [replace(trial, repeats=()) if trial.repeats else trial for trial in trials]
    for place, trial in enumerate(found):
        if trial.state != "complete" or trial.val_error is None:
            continue
        head = first.setdefault(trial.architecture, place)
        if head != place:
            errors.setdefault(head, []).append(trial.val_error)
            found[place] = replace(trial, repeat_of=found[head].number)
    for head, values in errors.items():
        found[head] = replace(found[head], repeats=tuple(values))
    for place, trial in enumerate(found):
        if trial.state in ("pruned", "failed") and trial.architecture in first:
            number = found[first[trial.architecture]].number
            if number < trial.number:
                found[place] = replace(trial, repeat_of=number)
    return tuple(found)
