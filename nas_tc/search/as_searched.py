"""Repeats the training of a trial: the same images, recipe, seed, and one core or GPU."""

from collections.abc import Iterator
from typing import Any

from nas_tc.data import ImageData
from nas_tc.errors import NasTcError, StudyError
from nas_tc.recipe import Recipe
from nas_tc.study.environment import environment
from nas_tc.study.record import StudyRecord
from nas_tc.study.trial import TrialRecord
from nas_tc.training import Rung, choose_device, gpu_names
from nas_tc.worker import Worker, training_seed

_TRAINED = ("complete", "pruned")


def train_as_searched(
    record: StudyRecord, trial: TrialRecord, images: ImageData, device: str = "auto"
) -> Iterator[Rung]:
    """Trains the network of a trial as the search has trained it, up to the trial's last rung.

    Args:
        record: Record of the study.
        trial: Trial of the study, complete or pruned.
        images: Images of the study.
        device: "auto", "cpu" or "cuda".

    Yields:
        Each rung, with its validation error. On the same machine it is that of the trial, to the
        last digit.

    Raises:
        StudyError: The trial has no error to repeat.
        NasTcError: The training diverges, or there is no such device.
    """
    if trial.state not in _TRAINED or not trial.val_errors:
        raise StudyError(
            f"{record.path}: trial {trial.number} ({trial.state}) has no validation error to "
            "repeat; name one that was trained"
        )
    recipe = Recipe.from_dict(record.settings["recipe"])
    worker = Worker(images, recipe, choose_device(device).type, metric=record.metric)
    answer = worker.begin(trial.architecture, seed_of(record, trial))
    while True:
        if answer.rung is None:
            raise NasTcError(f"the training has failed: {answer.diverged}")
        yield answer.rung
        if answer.rung.epoch >= max(trial.val_errors):
            return
        answer = worker.advance()


def seed_of(record: StudyRecord, trial: TrialRecord) -> int:
    """The seed that the training of a trial had.

    Args:
        record: Record of the study.
        trial: Trial of the study.
    """
    own = record.settings["seed"]
    seed = trial.reused_seed if trial.reused_seed is not None else own
    before = sum(
        other.architecture == trial.architecture and other.state in _TRAINED
        for other in record.trials
        if other.number < trial.number
    )
    return training_seed(seed, trial.architecture, 0 if trial.reused is not None else before)


def changes_since(record: StudyRecord) -> list[str]:
    """What is another than in the study's last run and may change a training, in words."""
    if not record.runs:
        return []
    then, now = record.runs[-1], environment(gpu_names())
    packages: dict[str, Any] = then.get("packages", {})
    machine: dict[str, Any] = then.get("machine", {})
    found = [
        f"{name} {packages[name]}, now {version}"
        for name, version in now["packages"].items()
        if name in ("nas-tc", "torch", "numpy") and packages.get(name, version) != version
    ]
    found += [
        f"{name} {machine[name]}, now {now['machine'][name]}"
        for name in ("processor", "gpus")
        if machine.get(name, now["machine"][name]) != now["machine"][name]
    ]
    return found
