"""The trainings in flight and their checkpoints, from which a later start or a retry goes on."""

from pathlib import Path

import optuna

from nas_tc.architecture import Architecture
from nas_tc.errors import StudyError
from nas_tc.search.events import Listener
from nas_tc.search.trials import attributes_of, queued_networks, running_networks
from nas_tc.space import Space
from nas_tc.study.attributes import RUNG_KEY
from nas_tc.study.checkpoints import Checkpoints


class Unfinished:
    """Writes the checkpoints of the trainings in flight, and finds those of earlier starts.

    A checkpoint spares time and no more, so one that cannot be written, read or used ends nothing:
    the listener is told, and the training goes on, or begins anew.

    Args:
        path: Path of the study file.
        listener: Receives a line for each training that goes on, and for what is lost.
    """

    def __init__(self, path: Path, listener: Listener) -> None:
        self._checkpoints = Checkpoints(path)
        self._listener = listener
        self._trainings: dict[int, tuple[Architecture, int]] = {}  # network and seed by trial
        self._told: set[str] = set()

    def begin(self, trial: optuna.Trial, network: Architecture, seed: int) -> bytes | None:
        """The state that the training of a trial can go on from; None if it has to begin.

        Args:
            trial: Trial of the network.
            network: Network to train.
            seed: Seed of the training.
        """
        self._trainings[trial.number] = network, seed
        anew = f"the training of trial {trial.number} begins anew"
        try:
            state = self._checkpoints.read(network, seed)
        except StudyError as error:
            self._listener.note(f"{error}: {anew}")
            return None
        if state is None and (epoch := attributes_of(trial).get(RUNG_KEY)):
            file = self._checkpoints.file(network, seed)
            self._listener.note(f"the checkpoint of epoch {epoch} is missing, {file}: {anew}")
        return state

    def goes_on(self, number: int, epoch: int) -> None:
        """Tells that the training of a trial goes on after an epoch of an earlier one."""
        self._listener.note(f"trial {number} goes on after epoch {epoch}")

    def keep(self, number: int, state: bytes) -> None:
        """Writes the state of a trial's training in the place of that of its last rung.

        Args:
            number: Number of the trial.
            state: State of the training.
        """
        try:
            self._checkpoints.keep(*self._trainings[number], state)
        except StudyError as error:
            why = str(error).rpartition(": ")[2]
            if why not in self._told:
                self._told.add(why)
                self._listener.note(f"{error}; the search goes on without this checkpoint")

    def end(self, number: int, *, is_kept: bool = False) -> None:
        """Forgets the training of a trial, and removes its checkpoint.

        Args:
            number: Number of the trial.
            is_kept: Whether the checkpoint stays, for another try.
        """
        training = self._trainings.pop(number, None)
        if training is not None and not is_kept:
            self._checkpoints.remove(*training)

    def drop_others(self, study: optuna.Study, space: Space) -> None:
        """Removes the checkpoints of networks that are neither queued nor in training.

        Args:
            study: Study of the trials.
            space: Space that their genes belong to.
        """
        self._checkpoints.drop([*queued_networks(study, space), *running_networks(study)])
