"""The study that a sampler or pruner was last asked about: what it knows is of this one."""

from typing import Any

import optuna


class LastStudy:
    """Notices another study, in which nothing that was read before holds.

    Optuna lets one sampler or pruner serve several studies, one after the other too.
    """

    def __init__(self) -> None:
        self._name: str | None = None
        self._storage: Any = None  # two files may have studies of the same name

    def is_other(self, study: optuna.Study) -> bool:
        """Whether the study is another one than at the last call; at the first it is.

        Args:
            study: Study of the sampler or pruner.
        """
        storage = study._storage
        is_same = study.study_name == self._name and self._storage in (None, storage)
        self._name, self._storage = study.study_name, storage
        return not is_same

    def __getstate__(self) -> dict[str, Any]:
        return {"_name": self._name, "_storage": None}  # which a copy elsewhere opens anew
