"""A copy of a study in memory for optuna-dashboard, which could change or delete the file."""

from pathlib import Path

import optuna
from optuna.storages import InMemoryStorage
from optuna.study import StudyDirection
from optuna.trial import TrialState

from nas_tc.study.attributes import ARCHITECTURE_KEY
from nas_tc.study.record import opened, record_of
from nas_tc.study.study_url import study_path


def dashboard_storage(path: Path) -> InMemoryStorage:
    """The study's trials that have ended, with what a person looks for as attributes.

    Each trial has network, its notation; on_front; baseline, complexity and params; test_error; and
    its times. Settings of the study are attributes of the study, one each.

    Args:
        path: Path of the study file.

    Raises:
        StudyError: There is no such file, or it is not a study.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    path = study_path(path)
    with opened(path) as kept:
        record, trials = record_of(kept, path), kept.get_trials()
    known = {trial.number: trial for trial in record.trials}
    on_front = {trial.number for trial in record.front}
    storage = InMemoryStorage()
    study = optuna.create_study(
        storage=storage, study_name=path.stem, direction=StudyDirection.MINIMIZE
    )
    for name, settings in record.settings.items():
        study.set_user_attr(name, settings)
    for trial in trials:
        if trial.state in (TrialState.RUNNING, TrialState.WAITING):
            continue
        if (ours := known.get(trial.number)) is not None:
            shown = {"network": ours.network, "on_front": trial.number in on_front}
            shown |= trial.user_attrs
            del shown[ARCHITECTURE_KEY]  # the notation says it in a line
            shown |= {f"{name}_ms": round(figure["ms"], 4) for name, figure in ours.times.items()}
            if ours.test_error is not None:
                shown["test_error"] = ours.test_error
            trial.user_attrs = shown
        study.add_trial(trial)
    return storage
