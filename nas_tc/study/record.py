"""The record of a study: its settings, trials and front, for reports and exports."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import optuna
from optuna.storages import RDBStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial

from nas_tc.architecture import Architecture
from nas_tc.budget import IT
from nas_tc.errors import StudyError
from nas_tc.metric import Metric
from nas_tc.study.attributes import (
    FRONT_TIMES_KEY,
    RERUNS_KEY,
    RUNS_KEY,
    SETTINGS_KEY,
    TEST_ERRORS_KEY,
    TIMING_KEY,
    WEIGHTS_KEY,
    confusion_key,
)
from nas_tc.study.checks import (
    DamageError,
    check_attributes,
    check_confusion,
    check_trial,
    gene_choices,
)
from nas_tc.study.files import kept_settings, reading, study_url, weights_folder
from nas_tc.study.front import ERROR, default_cost, objective, pareto_front
from nas_tc.study.notebook import notebook_html
from nas_tc.study.recommendation import Recommendation, recommend_network
from nas_tc.study.repeats import with_repeats
from nas_tc.study.server import server_backend
from nas_tc.study.study_storage import StudyStorage
from nas_tc.study.study_url import STUDY_NAME, StudyUrl, study_path
from nas_tc.study.trial import State, TrialRecord, trial_record
from nas_tc.study.trials_table import trials_table

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class StudyRecord:
    """The settings and trials in a study file."""

    path: Path
    settings: Mapping[str, Any]
    trials: tuple[TrialRecord, ...]
    runs: tuple[Mapping[str, Any], ...] = ()  # date, command and environment of each run
    interrupted: bool = False  # whether the user stopped the search that returned this
    # Number of networks that were timed, and seconds of the timing and of the whole search.
    timing: Mapping[str, float] = field(default_factory=dict)

    @cached_property
    def trained(self) -> tuple[TrialRecord, ...]:
        """The trials that were trained to the end, all baselines among them."""
        return tuple(trial for trial in self.trials if trial.state == "complete")

    @cached_property
    def complete(self) -> tuple[TrialRecord, ...]:
        """The trials that were trained to the end, baselines outside of the space left out."""
        return tuple(trial for trial in self.trained if not trial.is_landmark)

    @cached_property
    def baselines(self) -> tuple[TrialRecord, ...]:
        """Known networks that were trained to the end beside the trials, cheapest first.

        Where the search had trained the network before, it is that trial, which has the mean error.
        """
        found = []
        for trial in self.trained:
            if trial.baseline is not None:
                first = trial if trial.repeat_of is None else self.trial(trial.repeat_of)
                found.append(replace(first, baseline=trial.baseline))
        return tuple(sorted(found, key=lambda each: (each.complexity, each.number)))

    @property
    def best_baseline(self) -> TrialRecord | None:
        """The known family with the least validation error, over the reruns where it has any."""
        families = [each for each in self.baselines if each.baseline != IT]
        return min(families, key=_known_error, default=None)

    @property
    def own(self) -> TrialRecord | None:
        """The network that the search is around; None if it is around none."""
        return next((each for each in self.baselines if each.baseline == IT), None)

    @property
    def done(self) -> int:
        """Number of trials that count towards a search's goal: complete or pruned, not reused."""
        return sum(
            t.state in ("complete", "pruned") and t.reused is None and t.baseline is None
            for t in self.trials
        )

    @property
    def metric(self) -> Metric:
        """What the errors of all trials are: the plain error, unless the search named another."""
        return Metric(self.settings.get("metric", Metric.ERROR))

    @property
    def majority(self) -> Mapping[str, float] | None:
        """Errors of always predicting the most common class, by split, 0 to 1.

        None for a study of a version that did not keep them.
        """
        data = self.settings["data"]
        kept: Mapping[str, float] | None = data.get("majority", data.get("majority_error"))
        return kept

    @property
    def multilabel(self) -> bool:
        """Whether the images have several labels."""
        return bool(self.settings["data"].get("multilabel", False))

    @property
    def objectives(self) -> tuple[str, str]:
        """Objectives of the front: the validation error, and the complexity or the limited time."""
        return ERROR, default_cost(self.settings)

    @cached_property
    def front(self) -> tuple[TrialRecord, ...]:
        """The Pareto-optimal trials, cheapest first, by `objectives`."""
        return pareto_front(self.complete, self.objectives)

    @cached_property
    def recommendation(self) -> Recommendation | None:
        """The network with the least expected error by a model of all trials, and the model.

        A report asks for it several times, and the model takes longer than all else in it. None
        while no trial is complete.
        """
        cost = self.objectives[1]
        costed = [trial for trial in self.complete if objective(trial, cost) is not None]
        # Only networks of the front have kept weights and test errors.
        among = {trial.number for trial in self.front}
        return recommend_network(costed, among=among) if costed else None

    @property
    def states(self) -> Counter[State]:
        """Number of trials in each state, baselines left out."""
        return Counter(trial.state for trial in self.trials if trial.baseline is None)

    @property
    def shown(self) -> tuple[TrialRecord, ...]:
        """The front and the baselines, each trial once: what is tested and timed with care."""
        return tuple({t.number: t for t in (*self.front, *self.baselines)}.values())

    @property
    def best(self) -> TrialRecord:
        """The trial with the least validation error; of several, the cheapest.

        Raises:
            StudyError: No trial is complete.
        """
        if not self.front:
            raise StudyError(f"{self.path}: no trial is complete yet; resume the search")
        return self.front[-1]

    def trial(self, number: int) -> TrialRecord:
        """The trial with this number.

        Args:
            number: Number of the trial, from 0.

        Raises:
            StudyError: There is no such trial.
        """
        for trial in self.trials:
            if trial.number == number:
                return trial
        last = f"0 to {self.trials[-1].number}" if self.trials else "none"
        raise StudyError(f"{self.path}: no trial {number}; there are {last}")

    def to_pandas(self) -> "pd.DataFrame":
        """All trials as a data frame; `nas_tc.study.trials_table` has its columns."""
        return trials_table(self.trials, self.metric, multilabel=self.multilabel)

    def _repr_html_(self) -> str:
        """The front as a table, for notebooks."""
        space, data, budget = (self.settings[key] for key in ("space", "data", "budget"))
        title = f"{space['name']} on {data['name']}, budget {budget['expression']}"
        return notebook_html(title, self.trials, self.shown, self.metric)

    @property
    def weights_folder(self) -> Path:
        """The folder of the weights that the study keeps."""
        return weights_folder(self.path)


def _known_error(trial: TrialRecord) -> float:
    again, own = trial.rerun_val_error, trial.mean_val_error
    return again.mean if again is not None else 1.0 if own is None else own


def read_study(path: Path) -> StudyRecord:
    """Reads a study file, even while a live search writes it.

    Args:
        path: Path of the study file.

    Raises:
        StudyError: There is no such file, it is not a study, it is damaged, or a newer nas-tc made
            it.
    """
    path = study_path(path)
    with opened(path) as study:
        return record_of(study, path)


@contextmanager
def opened(path: Path) -> Iterator[optuna.Study]:
    """A study for reading, even while a live search writes it.

    Args:
        path: Path of the study file, or its URL.

    Yields:
        Optuna's study.

    Raises:
        StudyError: As for `read_study`.
    """
    settings = kept_settings(path)
    if settings is None and isinstance(path, StudyUrl):
        raise StudyError(f"{path}: no such study in the database; see its name behind the #")
    if settings is None:
        raise StudyError(f"{path}: the study is empty; start it with nas-tc search")
    with reading(path):
        backend = backend_of(path)
        try:
            study = optuna.load_study(study_name=name_of(path), storage=StudyStorage(backend))
            if isinstance(path, StudyUrl):
                path.weights = study.user_attrs.get(WEIGHTS_KEY)
            yield study
        finally:
            backend.engine.dispose()


def backend_of(path: Path) -> RDBStorage:
    """Optuna's storage of a study that is there.

    Args:
        path: Path of the study file, or its URL.
    """
    return server_backend(path) if isinstance(path, StudyUrl) else RDBStorage(study_url(path))


def name_of(path: Path) -> str:
    """The name that Optuna knows a study by.

    Args:
        path: Path of the study file, or its URL.
    """
    return path.study if isinstance(path, StudyUrl) else STUDY_NAME


def record_of(study: optuna.Study, path: Path, *, interrupted: bool = False) -> StudyRecord:
    """The record of an open study.

    Args:
        study: Open study.
        path: Path of its file.
        interrupted: Whether the user stopped the search.

    Raises:
        DamageError: A value in the study is not what nas-tc writes.
    """
    attributes = study.user_attrs
    networks = _networks(study, attributes)
    tested, again = attributes.get(TEST_ERRORS_KEY, {}), attributes.get(RERUNS_KEY, {})
    timed = attributes.get(FRONT_TIMES_KEY, {})
    return StudyRecord(
        path=path,
        settings=attributes[SETTINGS_KEY],
        trials=with_repeats(
            [
                trial_record(
                    trial,
                    tested.get(str(trial.number)),
                    again.get(str(trial.number), ()),
                    timed.get(str(trial.number)),
                    attributes.get(confusion_key(trial.number)),
                    network,
                )
                for trial, network in networks
            ]
        ),
        runs=tuple(attributes.get(RUNS_KEY, ())),
        interrupted=interrupted,
        timing=attributes.get(TIMING_KEY, {}),
    )


def _networks(
    study: optuna.Study, attributes: Mapping[str, Any]
) -> list[tuple[FrozenTrial, Architecture]]:
    """The trials that have a network, and their networks, after a check of all in the study."""
    if study.directions != [StudyDirection.MINIMIZE]:
        raise DamageError("study: it does not minimise one error")
    check_attributes(attributes)
    settings = attributes[SETTINGS_KEY]
    genes, classes = gene_choices(settings), len(settings["data"]["classes"])
    trials = study.get_trials(deepcopy=False)
    for place, trial in enumerate(trials):
        if trial.number != place:
            raise DamageError(f"trial {place} is missing")
        check_confusion(attributes, trial.number, classes)
    networks = ((trial, check_trial(trial, genes)) for trial in trials)
    return [(trial, network) for trial, network in networks if network is not None]
