"""`StudyStorage`: Optuna's tables, with all trials in memory and few transactions."""

import copy
from collections.abc import Container, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from functools import cache
from typing import Any

import optuna
import sqlalchemy
from optuna.distributions import BaseDistribution, check_distribution_compatibility
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState

from nas_tc.study import trial_rows
from nas_tc.study.attributes import DRIVER_KEY
from nas_tc.study.backend_storage import BackendStorage
from nas_tc.study.server import Drivers
from nas_tc.study.trial_rows import ERRORS, PARAMS, SYSTEM, TRIALS, USER, VALUES
from nas_tc.study.unwritten_rows import UnwrittenRows


class StudyStorage(BackendStorage):
    """One study in a database of Optuna's format, for a program that alone writes its trials.

    Trials are read once and then kept, so that the next proposal does not wait for the database.
    What is written inside of `batch` is one transaction: all of it is in the file, or nothing. What
    is written outside is there when the call returns.

    Several drivers can write trials of their own into one study on a server. Then trials of others
    are read in a `turn`, and no other driver asks for a trial meanwhile.

    Args:
        backend: Optuna's storage; what concerns the study goes straight to it.
        drivers: The drivers that write the study; None: this one alone.
    """

    def __init__(self, backend: RDBStorage, drivers: Drivers | None = None) -> None:
        super().__init__(backend)
        self.drivers = drivers
        self._turns = 0  # within one another
        self._study_id: int | None = None  # the study whose trials are kept
        self._is_loaded = False
        self._trials: list[FrozenTrial] = []
        self._places: dict[int, int] = {}  # by row
        self._waiting: set[int] = set()  # places
        self._kinds: dict[str, BaseDistribution] = {}
        self._depth = 0  # of batches
        self._unwritten = UnwrittenRows()

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Writes what happens inside as one transaction, unless it ends with an exception."""
        self._depth += 1
        try:
            yield
        except BaseException:
            self._depth -= 1
            if not self._depth:
                self._forget()
            raise
        self._depth -= 1
        self._write()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """The time in which this driver alone asks for trials; it knows those of the others."""
        if self.drivers is None or self._turns:
            yield
            return
        self.drivers.be_present()
        with self.drivers.turn():
            self._turns += 1
            try:
                self._refresh()
                yield
            finally:
                self._turns -= 1

    def delete_study(self, study_id: int) -> None:
        """Optuna's hook."""
        super().delete_study(study_id)
        self._forget()

    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
        """Optuna's hook: a new trial, with all that the template has, in one transaction."""
        self._load(study_id)
        with self.turn():
            return self._create(study_id, template_trial)

    def _create(self, study_id: int, template_trial: FrozenTrial | None) -> int:
        trial = _running() if template_trial is None else copy.copy(template_trial)
        for name, kind in trial.distributions.items():
            self._check_kind(name, kind)
        trial.number = len(self._trials)
        if self.drivers is not None and trial.state == TrialState.RUNNING:
            trial.user_attrs = {**trial.user_attrs, DRIVER_KEY: self.drivers.own}
        with self._transaction() as connection:
            row = trial_rows.trial_row(study_id, trial.number, trial)
            made: Any = connection.execute(_insert(TRIALS), row)
            trial._trial_id = made.inserted_primary_key[0]
            for table, rows in trial_rows.rows_of(trial):
                if rows:
                    connection.execute(_insert(table), rows)
        self._add(trial)
        return trial._trial_id

    def set_trial_param(
        self,
        trial_id: int,
        param_name: str,
        param_value_internal: float,
        distribution: BaseDistribution,
    ) -> None:
        """Optuna's hook."""
        trial = self._changed(trial_id)
        self._check_kind(param_name, distribution)
        value = distribution.to_external_repr(param_value_internal)
        trial.params = {**trial.params, param_name: value}
        trial.distributions = {**trial.distributions, param_name: distribution}
        self._unwritten.add(PARAMS, trial_rows.param_row(trial_id, param_name, value, distribution))
        self._write()

    def set_trial_state_values(
        self, trial_id: int, state: TrialState, values: Sequence[float] | None = None
    ) -> bool:
        """Optuna's hook: what ends a trial, or starts one that waits."""
        if state == TrialState.RUNNING and self.get_trial(trial_id).state != TrialState.WAITING:
            return False
        trial = self._changed(trial_id)
        trial.state = state
        if values is not None:
            trial.values = list(values)
        if state == TrialState.RUNNING:
            trial.datetime_start = datetime.now()
            if self.drivers is not None:
                self.set_trial_user_attr(trial_id, DRIVER_KEY, self.drivers.own)
                trial = self._trials[self._places[trial_id]]
        if state.is_finished():
            trial.datetime_complete = datetime.now()
        self._waiting.discard(self._places[trial_id])
        for row in trial_rows.value_rows(trial_id, values or ()):
            self._unwritten.add(VALUES, row)
        self._unwritten.end(trial)
        self._write()
        return True

    def set_trial_intermediate_value(
        self, trial_id: int, step: int, intermediate_value: float
    ) -> None:
        """Optuna's hook."""
        trial = self._changed(trial_id)
        trial.intermediate_values = {**trial.intermediate_values, step: intermediate_value}
        self._unwritten.add(ERRORS, trial_rows.error_row(trial_id, step, intermediate_value))
        self._write()

    def set_trial_user_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Optuna's hook."""
        trial = self._changed(trial_id)
        trial.user_attrs = {**trial.user_attrs, key: value}
        self._unwritten.add(USER, trial_rows.attribute_row(trial_id, key, value))
        self._write()

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Optuna's hook."""
        trial = self._changed(trial_id)
        trial.system_attrs = {**trial.system_attrs, key: value}
        self._unwritten.add(SYSTEM, trial_rows.attribute_row(trial_id, key, value))
        self._write()

    def get_trial(self, trial_id: int) -> FrozenTrial:
        """Optuna's hook."""
        if not self._is_loaded and self._study_id is not None:
            self._load(self._study_id)
        if trial_id not in self._places:
            raise KeyError(f"no trial in row {trial_id}")
        return self._trials[self._places[trial_id]]

    def get_all_trials(
        self,
        study_id: int,
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
    ) -> list[FrozenTrial]:
        """Optuna's hook: all trials, or those in some states, in the order of their numbers."""
        self._load(study_id)
        if states == (TrialState.WAITING,):
            found = [self._trials[place] for place in sorted(self._waiting)]
        elif states is not None:
            found = [trial for trial in self._trials if trial.state in states]
        else:
            found = list(self._trials)
        return copy.deepcopy(found) if deepcopy else found

    def _load(self, study_id: int) -> None:
        """Reads the trials of the study, once."""
        if self._is_loaded and self._study_id == study_id:
            return
        self._forget()
        with self.backend.engine.connect() as connection:
            trials = trial_rows.read_trials(connection, study_id)
        for trial in sorted(trials, key=lambda each: each.number):
            self._add(trial)
        self._study_id, self._is_loaded = study_id, True

    def _refresh(self) -> None:
        """Reads what other drivers have written since."""
        if not self._is_loaded or self._study_id is None or self.drivers is None:
            return
        others = [
            row
            for row, place in self._places.items()
            if not (trial := self._trials[place]).state.is_finished()
            and trial.user_attrs.get(DRIVER_KEY) != self.drivers.own
        ]
        with self.drivers.connect() as connection:
            found = trial_rows.read_trials(
                connection, self._study_id, max(self._places, default=0), others
            )
        for trial in found:
            if trial._trial_id in self._places:
                place = self._places[trial._trial_id]
                self._trials[place] = trial
                if trial.state != TrialState.WAITING:
                    self._waiting.discard(place)
            else:
                self._add(trial)

    def _add(self, trial: FrozenTrial) -> None:
        """Takes a trial into the memory."""
        if trial.state == TrialState.WAITING:
            self._waiting.add(len(self._trials))
        self._places[trial._trial_id] = len(self._trials)
        self._trials.append(trial)
        for name, kind in trial.distributions.items():
            self._kinds.setdefault(name, kind)

    def _changed(self, trial_id: int) -> FrozenTrial:
        """A copy of a trial in the place of the old one, which callers may still hold."""
        trial = copy.copy(self.get_trial(trial_id))
        self.check_trial_is_updatable(trial_id, trial.state)
        self._trials[self._places[trial_id]] = trial
        return trial

    def _check_kind(self, name: str, kind: BaseDistribution) -> None:
        known = self._kinds.setdefault(name, kind)
        if known is not kind:
            check_distribution_compatibility(known, kind)

    def _write(self) -> None:
        """Writes what has come together, unless more will follow."""
        if not self._depth and self._unwritten:
            with self._transaction():
                pass

    @contextmanager
    def _transaction(self) -> Iterator[sqlalchemy.Connection]:
        """A transaction that writes what has come together so far, and more."""
        try:
            with self._connect() as connection, connection.begin():
                self._unwritten.write(connection)
                yield connection
        except BaseException:
            self._forget()  # the memory may be ahead of the file
            raise
        self._unwritten.clear()

    def _connect(self) -> sqlalchemy.Connection:
        return self.backend.engine.connect() if self.drivers is None else self.drivers.connect()

    def _forget(self) -> None:
        """Empties the memory; the next call reads the trials anew."""
        self._is_loaded = False
        self._trials, self._places, self._waiting, self._kinds = [], {}, set(), {}
        self._unwritten.clear()


def turn(study: optuna.Study) -> AbstractContextManager[None]:
    """The time in which no other driver asks for trials of the study, where there may be others.

    Args:
        study: Open study.
    """
    storage = study._storage
    return storage.turn() if isinstance(storage, StudyStorage) else nullcontext()


def batch(study: optuna.Study) -> AbstractContextManager[None]:
    """Writes what happens inside as one transaction, where the study's storage can.

    Args:
        study: Open study.
    """
    storage = study._storage
    return storage.batch() if isinstance(storage, StudyStorage) else nullcontext()


@cache
def _insert(table: Any) -> Any:
    """The statement that inserts rows of a table, which takes long to make."""
    return table.insert()


def _running() -> FrozenTrial:
    return optuna.trial.create_trial(state=TrialState.RUNNING)
