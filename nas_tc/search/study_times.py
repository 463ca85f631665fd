"""The times that a study keeps: of one device, and each network's."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import optuna

from nas_tc.architecture import Architecture
from nas_tc.errors import StudyError
from nas_tc.study.attributes import TIMED_ON_KEY, TIMES_KEY
from nas_tc.study.trial import TrialRecord


def check_device(study: optuna.Study, path: Path, device: str) -> None:
    """Keeps milliseconds of two devices from being compared.

    Raises:
        StudyError: the study's times were measured on another device.
    """
    kept = study.user_attrs.get(TIMED_ON_KEY, device)
    if kept != device:
        raise StudyError(
            f"{path}: its times were measured on {kept!r}, not on {device!r}; resume it there, or "
            "choose another file with --study"
        )


def known_times(complete: Iterable[TrialRecord], architecture: Architecture) -> Mapping[str, Any]:
    """What the clock said of a network that the search has trained before."""
    known = (trial.times for trial in complete if trial.architecture == architecture)
    return next(known, {})


def keep_times(trial: optuna.Trial, times: Mapping[str, Any]) -> None:
    """Writes a network's times, by their name, where records and the pruner look for them."""
    trial.set_user_attr(TIMES_KEY, dict(times))
    for name, figure in times.items():
        trial.set_user_attr(name, figure["ms"])
