"""What a search promises, looked at after each end of a simulated one."""

from collections import Counter

import pytest
from optuna.trial import TrialState
from simulated_results import RUNGS, BrokenError, weights_of

from nas_tc.errors import StudyError
from nas_tc.study.checkpoints import Checkpoints
from nas_tc.study.files import weights_file, weights_folder
from nas_tc.study.storage import lock_study


def check(record, path, done_before):
    """What must hold whenever a search has ended, however it did; returns the number of checks.

    Args:
        record: Record of the study.
        path: Path of the study file.
        done_before: Trials that were done when the search before ended.
    """
    if record.done < done_before:
        raise BrokenError(f"{done_before} trials were done, {record.done} are")
    for trial in record.front:
        file = weights_file(path, trial.number)
        if not file.is_file():
            raise BrokenError(f"trial {trial.number} of the front has no weights")
        if file.read_bytes() != weights_of(trial.architecture):
            raise BrokenError(f"the weights of trial {trial.number} are not whole")
    for trial in record.trained:
        if trial.baseline is None and tuple(trial.val_errors) != RUNGS:
            raise BrokenError(f"trial {trial.number} is complete after {[*trial.val_errors]}")
    return 2 + 2 * len(record.front)


def stays(struck):
    """Whether one of these faults kept a file from being removed, which the next start does."""
    return any(kind == "readonly" or place == "unlink" for kind, place in struck)


def check_checkpoints(study, path, workers):
    """No more of them are there than networks in flight and queued, so the disk does not fill."""
    waiting = len(study.get_trials(deepcopy=False, states=(TrialState.WAITING,)))
    kept = [file.name for file in Checkpoints(path).folder.glob("*.rung")]
    if len(kept) > workers + waiting:
        raise BrokenError(f"{len(kept)} checkpoints for {waiting} queued networks: {kept}")
    return 1


def check_end(study, record, goal, ended):
    """What must hold when the search has reached its goal."""
    states = Counter(trial.state for trial in study.get_trials(deepcopy=False))
    if states[TrialState.RUNNING]:
        raise BrokenError(f"{states[TrialState.RUNNING]} trials are running after the end")
    if record.done > goal:
        raise BrokenError(f"{record.done} trials are done of {goal}")
    complete = Counter(trial.architecture.id for trial in record.trained)
    for network, times in complete.items():
        if ended[network] < times:
            raise BrokenError(f"{network} is complete {times} times, trained {ended[network]}")
    return 3


def check_no_more(study, record):
    """What must not be left in the end, where all files could be removed."""
    kept = {file.name for file in weights_folder(record.path).glob("*.safetensors")}
    numbers = {weights_file(record.path, trial.number).name for trial in record.trained}
    if kept - numbers:
        raise BrokenError(f"weights of no trial are left: {sorted(kept - numbers)}")
    return 1 + check_checkpoints(study, record.path, 0)


def check_sole_writer(path, faults):
    """Now and then a second search is started on the study; it must be refused."""
    if faults.random.random() < 0.05:
        with (
            pytest.raises(StudyError, match=r"another search is writing|cannot write"),
            lock_study(path),
        ):
            raise BrokenError("two searches write one study")


def rot(path, faults):
    """Some checkpoints are damaged or lost between two starts."""
    for file in sorted(Checkpoints(path).folder.glob("*.rung")):
        if faults.happens("rot", "checkpoint"):
            file.write_bytes(file.read_bytes()[: faults.random.randrange(40)])
        elif faults.happens("rot", "folder"):
            file.unlink()
