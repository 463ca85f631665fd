"""What other drivers do with the same study, where it is on a server."""

import time

import optuna
from optuna.trial import FrozenTrial, TrialState

from nas_tc.sampler.open_trials import OpenTrials
from nas_tc.study.attributes import BASELINE_KEY, DRIVER_KEY
from nas_tc.study.storage import requeue_running
from nas_tc.study.study_storage import StudyStorage, turn

_LOOKED_AT_S = 30.0  # between two looks at whether the others live


class OtherDrivers:
    """Follows the trials that other drivers run and end.

    Args:
        study: Open study; trials that have ended by now are known.
    """

    def __init__(self, study: optuna.Study) -> None:
        self._study = study
        storage = study._storage
        drivers = storage.drivers if isinstance(storage, StudyStorage) else None
        self._own = None if drivers is None else drivers.own
        self._open = OpenTrials()
        if drivers is not None:
            self._open.of(study.get_trials(deepcopy=False))
        self._looked_s = time.monotonic()

    def look(self) -> tuple[list[FrozenTrial], int]:
        """The trials of others that have ended since, and the number of those that they run.

        What drivers that are gone have left running is queued again.
        """
        if self._own is None:
            return [], 0
        with turn(self._study):
            now = time.monotonic()
            if now - self._looked_s > _LOOKED_AT_S:
                self._looked_s = now
                requeue_running(self._study, own=False)
            trials = self._study.get_trials(deepcopy=False)
        others = [
            trial
            for trial in self._open.of(trials)
            if trial.user_attrs.get(DRIVER_KEY, self._own) != self._own
        ]
        running = sum(
            each.state == TrialState.RUNNING and BASELINE_KEY not in each.user_attrs
            for each in others
        )
        return [each for each in others if each.state.is_finished()], running
