"""`BackendStorage`: an Optuna storage whose studies are those of another one."""

from collections.abc import Sequence
from typing import Any

import optuna
from optuna.storages import BaseStorage, RDBStorage
from optuna.study._frozen import FrozenStudy


class BackendStorage(BaseStorage):
    """Hands on what Optuna asks of studies; a class on top of it keeps the trials.

    Args:
        backend: Optuna's storage.
    """

    def __init__(self, backend: RDBStorage) -> None:
        self.backend = backend

    def create_new_study(
        self, directions: Sequence[optuna.study.StudyDirection], study_name: str | None = None
    ) -> int:
        """Optuna's hook."""
        return self.backend.create_new_study(directions, study_name)

    def delete_study(self, study_id: int) -> None:
        """Optuna's hook."""
        self.backend.delete_study(study_id)

    def set_study_user_attr(self, study_id: int, key: str, value: Any) -> None:
        """Optuna's hook."""
        self.backend.set_study_user_attr(study_id, key, value)

    def set_study_system_attr(self, study_id: int, key: str, value: Any) -> None:
        """Optuna's hook."""
        self.backend.set_study_system_attr(study_id, key, value)

    def get_study_id_from_name(self, study_name: str) -> int:
        """Optuna's hook."""
        return self.backend.get_study_id_from_name(study_name)

    def get_study_name_from_id(self, study_id: int) -> str:
        """Optuna's hook."""
        return self.backend.get_study_name_from_id(study_id)

    def get_study_directions(self, study_id: int) -> list[optuna.study.StudyDirection]:
        """Optuna's hook."""
        return self.backend.get_study_directions(study_id)

    def get_study_user_attrs(self, study_id: int) -> dict[str, Any]:
        """Optuna's hook."""
        return self.backend.get_study_user_attrs(study_id)

    def get_study_system_attrs(self, study_id: int) -> dict[str, Any]:
        """Optuna's hook."""
        return self.backend.get_study_system_attrs(study_id)

    def get_all_studies(self) -> list[FrozenStudy]:
        """Optuna's hook."""
        return self.backend.get_all_studies()
