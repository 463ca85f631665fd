"""The storage of a simulated search: the real one, on SQLite or on a disk that is a list.

Its transactions are whole or not at all, or they fail. What is on the disk outlives a start of the
search; what the storage remembers does not.
"""

from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from types import SimpleNamespace

import optuna
from optuna.storages import InMemoryStorage, RDBStorage
from optuna.storages._rdb.models import BaseModel
from optuna.trial import FrozenTrial
from simulated_faults import once
from sqlalchemy.exc import OperationalError

from nas_tc.study.study_storage import StudyStorage

NO_SAMPLER = optuna.samplers.RandomSampler()  # until the driver sets its own: Optuna's takes longer


class FaultyStorage(StudyStorage):
    """The storage on SQLite.

    Args:
        backend: Optuna's storage.
        faults: What goes wrong; None: nothing.
        fixed: What is known of the study that never changes.
    """

    def __init__(self, backend, faults, fixed):
        super().__init__(backend)
        self._faults = faults
        self._fixed = fixed  # what a study has from its beginning, by name or row
        self._attributes = None  # of the study, which this storage alone writes

    def get_study_user_attrs(self, study_id):
        if self._attributes is None:
            self._attributes = super().get_study_user_attrs(study_id)
        return self._attributes

    def get_study_id_from_name(self, study_name):
        return once(self._fixed, study_name, super().get_study_id_from_name, study_name)

    def get_study_directions(self, study_id):
        return once(self._fixed, study_id, super().get_study_directions, study_id)

    def set_study_user_attr(self, study_id, key, value):
        self._attributes = None
        self._strike("attribute")
        super().set_study_user_attr(study_id, key, value)
        self._strike("behind attribute")

    @contextmanager
    def _transaction(self):
        with super()._transaction() as connection:
            yield connection
            self._strike("transaction")
        self._strike("behind transaction")

    def _strike(self, place):
        if self._faults is not None:
            try:
                self._faults.at(place)
            except OSError as error:  # as SQLAlchemy raises what SQLite says
                raise OperationalError(None, None, error) from error


class QuickStorage(FaultyStorage):
    """The same without SQL, whose transactions put the trials on a list.

    Args:
        disk: The list, with Optuna's storage for attributes of the study.
        faults: What goes wrong; None: nothing.
        fixed: What is known of the study that never changes.
    """

    def __init__(self, disk, faults, fixed):
        super().__init__(disk.backend, faults, fixed)
        self._disk, self._is_creating = disk, False

    def create_new_trial(self, study_id, template_trial=None):
        self._is_creating = True
        try:
            row = super().create_new_trial(study_id, template_trial)
        finally:
            self._is_creating = False
        self._commit()
        return row

    @contextmanager
    def _transaction(self):
        try:
            yield _Connection(len(self._trials) + 1)
            self._strike("transaction")
        except BaseException:
            self._forget()
            raise
        self._unwritten.clear()
        if not self._is_creating:  # else the new trial is still to come
            self._commit()

    def _commit(self):
        self._disk.trials = _copies(self._trials)
        self._strike("behind transaction")

    def _load(self, study_id):
        if not self._is_loaded:
            self._forget()
            for trial in _copies(self._disk.trials):
                self._add(trial)
            self._study_id, self._is_loaded = study_id, True


def _copies(trials):
    """Trials whose mappings can be changed, as Optuna does with those that it asks for.

    Those that have ended are not copied: the storage refuses to change them.
    """
    return [trial if trial.state.is_finished() else _twin(trial) for trial in trials]


def _twin(trial):
    twin = FrozenTrial.__new__(FrozenTrial)
    for name, value in vars(trial).items():
        twin.__dict__[name] = dict(value) if type(value) is dict else value
    return twin


@dataclass(frozen=True)
class _Connection:
    row: int

    def execute(self, *_):
        return SimpleNamespace(inserted_primary_key=(self.row,))


@dataclass
class _List:
    backend: InMemoryStorage = field(default_factory=InMemoryStorage)
    trials: list = field(default_factory=list)


class Disk:
    """What keeps a study between two starts of its search.

    Args:
        has_sql: Whether it is a database in the memory; else it is a list.
    """

    def __init__(self, *, has_sql):
        self._fixed = {}
        if has_sql:
            self._kind, self._place = FaultyStorage, _database()
            with self._place.engine.begin() as connection:
                for table in reversed(BaseModel.metadata.sorted_tables):
                    if table.name not in ("version_info", "alembic_version"):
                        connection.execute(table.delete())
        else:
            self._kind, self._place = QuickStorage, _List()

    def storage(self, faults=None):
        """The storage of one start."""
        return self._kind(self._place, faults, self._fixed)

    def study(self):
        """The study as a restart finds it; None if it was not made yet."""
        try:
            return optuna.load_study(
                study_name="nas-tc", storage=self.storage(), sampler=NO_SAMPLER
            )
        except KeyError:
            return None


@cache
def _database():
    """The database of all searches, which takes longer to make than a search takes."""
    return RDBStorage("sqlite:///:memory:")
