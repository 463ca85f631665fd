"""The parts of a running search, passed on as one value."""

from dataclasses import dataclass
from pathlib import Path

import optuna

from nas_tc.search.events import Listener
from nas_tc.search.interrupts import Interrupts
from nas_tc.search.pool import Pool
from nas_tc.study.record import StudyRecord, record_of


@dataclass(frozen=True)
class Session:
    """An open study, the workers that train for it, and the listener.

    Attributes:
        study: Optuna's study, open for this process alone.
        path: Path of the study file; weights are kept beside it.
        pool: Workers that time, train and test networks.
        listener: Receives notes, progress and endings of trials.
        interrupts: Checked for Ctrl-C between two answers of workers.
    """

    study: optuna.Study
    path: Path
    pool: Pool
    listener: Listener
    interrupts: Interrupts

    def record(self) -> StudyRecord:
        """The study as its file has it now."""
        return record_of(self.study, self.path)
