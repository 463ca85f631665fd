"""Times in a study file: all of one device, and those of each network."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import optuna

from nas_tc.architecture import Architecture
from nas_tc.errors import StudyError
from nas_tc.study.attributes import TIMED_ON_KEY, TIMES_KEY
from nas_tc.study.trial import TrialRecord


def check_device(study: optuna.Study, path: Path, device: str) -> None:
    """Refuses to mix the times of two devices in one study.

    Args:
        study: Study of the search.
        path: File of the study, for the message.
        device: Device that times are measured on now.

    Raises:
        StudyError: The study's times were measured on another device.
    """
    kept = study.user_attrs.get(TIMED_ON_KEY, device)
    if kept != device:
        raise StudyError(
            f"{path}: its times were measured on {kept!r}, not on {device!r}; resume it there, or "
            "choose another file with --study"
        )


def earlier_times(complete: Iterable[TrialRecord], architecture: Architecture) -> Mapping[str, Any]:
    """Times of a network that the search has trained before; empty if it has not.

    Args:
        complete: Complete trials of the study.
        architecture: Network to look for.
    """
    earlier = (trial.times for trial in complete if trial.architecture == architecture)
    return next(earlier, {})


def record_times(trial: optuna.Trial, times: Mapping[str, Any]) -> None:
    """Writes a network's times to its trial, where records and the pruner read them.

    Args:
        trial: Trial of the network.
        times: Times by the names of their limits, from `timing_record`.
    """
    trial.set_user_attr(TIMES_KEY, dict(times))
    for name, recorded in times.items():
        trial.set_user_attr(name, recorded["ms"])
