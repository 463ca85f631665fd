"""The parts of a running search, passed on as one value."""

from dataclasses import dataclass, field
from pathlib import Path

import optuna

from nas_tc.errors import StudyError
from nas_tc.search.events import Listener
from nas_tc.search.interrupts import Interrupts
from nas_tc.search.pool import Pool
from nas_tc.study.files import identity_of
from nas_tc.study.record import StudyRecord, record_of
from nas_tc.study.storage import rescue


@dataclass(frozen=True)
class Session:
    """An open study, the workers that train for it, and the listener.

    Attributes:
        study: Optuna's study, open for this process alone.
        path: Path of the study file; weights are kept beside it.
        pool: Workers that time, train and test networks.
        listener: Receives notes, progress and endings of trials.
        interrupts: Checked for Ctrl-C between two answers of workers.
        retries: Number of times that a network is tried again after its worker died or hung.
    """

    study: optuna.Study
    path: Path
    pool: Pool
    listener: Listener
    interrupts: Interrupts
    retries: int = 1
    _identity: tuple[int, int] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_identity", identity_of(self.path))

    def record(self) -> StudyRecord:
        """The study as its file has it now."""
        return record_of(self.study, self.path)

    def check(self) -> None:
        """Checks for Ctrl-C, and that the study file is still the one that was opened.

        Raises:
            KeyboardInterrupt: The user pressed Ctrl-C.
            StudyError: The file was deleted, renamed or replaced; a copy of the study is saved.
        """
        self.interrupts.check()
        if self._identity is not None and identity_of(self.path) != self._identity:
            copy = rescue(self.study, self.path)
            raise StudyError(
                f"{self.path} was deleted, renamed or replaced while the search ran; what is "
                f"finished is saved in {copy}: name it with --study to go on"
            )
