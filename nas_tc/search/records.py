"""What a study file says: the trials and their front. Reports and exports start from here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from statistics import fmean
from typing import Any, Literal

import optuna
from optuna.trial import FrozenTrial, TrialState

from nas_tc.architecture import Architecture, format_notation
from nas_tc.errors import StudyError
from nas_tc.search.front import ERROR, default_cost, pareto_front
from nas_tc.search.repeats import with_repeats
from nas_tc.search.seeds import Rerun, Spread
from nas_tc.search.study_files import (
    SETTINGS_KEY,
    STUDY_NAME,
    kept_settings,
    study_url,
    weights_folder,
)

TEST_ERRORS_KEY = "test_errors"
RUNS_KEY = "runs"
ARCHITECTURE_KEY = "architecture"
REASON_KEY = "reason"
GUEST_KEY = "guest"  # a network that the space does not have, and so no genes
RERUNS_KEY = "reruns"  # trial number to results with other seeds
REUSED_KEY = "reused"  # the study and trial that a result was taken from
REUSED_SEED_KEY = "reused_seed"  # of the search that trained it
LOSSES_KEY = "losses"  # workers that died under the network so far

TIMES_KEY = "times"  # figures of limits on time, by their name
TIMED_ON_KEY = "timed_on"  # the device that a study's times were measured on
TIMING_S_KEY = "timing_s"  # seconds that a worker spent on a network's times
FRONT_TIMES_KEY = "front_times"  # trial number to figures that were taken with care
TIMING_KEY = "timing"  # what all timing has taken
OVER_BUDGET_KEY = "over_budget"  # the clock said so: no failure, and not to be tried again

State = Literal["complete", "pruned", "failed", "running", "rejected"]
_STATES: dict[TrialState, State] = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "running",
}


@dataclass(frozen=True)
class TrialRecord:
    """One network of a study and what became of it."""

    number: int
    state: State
    architecture: Architecture
    complexity: int  # multiply-adds, Eqn. (1)
    params: int
    genes: Mapping[str, Any]
    val_errors: Mapping[int, float]  # epochs trained to validation error, 0 to 1
    test_error: float | None  # 0 to 1; for the networks of the front, once the search is over
    train_s: float | None  # seconds of training, validation not counted
    reason: str | None  # why it was stopped or failed
    reused: str | None = None  # "STUDY#TRIAL" if the result was taken from another study
    reused_seed: int | None = None  # of the search that trained it, where that was another
    reruns: tuple[Rerun, ...] = ()  # with other seeds, by seed; of networks of the front
    repeat_of: int | None = None  # the trial that the search trained this network in before
    repeats: tuple[float, ...] = ()  # final validation errors of the trials that repeat this one
    times: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # "latency": ms, verdict
    timing_s: float | None = None  # seconds that a worker spent on its times, the last ones not
    timed_again: bool = False  # with care, as a member of the front

    @property
    def network(self) -> str:
        """In the paper's notation."""
        return format_notation(self.architecture.stages)

    @property
    def val_error(self) -> float | None:
        """The last validation error of this training, 0 to 1."""
        return self.val_errors[max(self.val_errors)] if self.val_errors else None

    @property
    def mean_val_error(self) -> float | None:
        """The mean validation error of this training and its repeats, 0 to 1."""
        own = self.val_error
        return own if own is None else fmean((own, *self.repeats))

    @property
    def rerun_val_error(self) -> Spread | None:
        """Validation error over the reruns alone.

        The first training is left out: the front was chosen by it, so it is likely a lucky one.
        """
        return Spread.over([each.val_error for each in self.reruns]) if self.reruns else None

    @property
    def rerun_test_error(self) -> Spread | None:
        """Test error over the reruns alone."""
        return Spread.over([each.test_error for each in self.reruns]) if self.reruns else None


@dataclass(frozen=True)
class StudyRecord:
    """A study as its file has it: settings and trials."""

    path: Path
    settings: Mapping[str, Any]
    trials: tuple[TrialRecord, ...]
    runs: tuple[Mapping[str, Any], ...] = ()  # when and with what it was worked on
    interrupted: bool = False  # the search that returned this was stopped by hand
    timing: Mapping[str, float] = field(default_factory=dict)  # networks, timing_s, search_s

    @cached_property
    def complete(self) -> tuple[TrialRecord, ...]:
        """The trials that were trained to the end."""
        return tuple(trial for trial in self.trials if trial.state == "complete")

    @property
    def done(self) -> int:
        """Trials that count towards a search's goal: complete or pruned, and of this study."""
        return sum(t.state in ("complete", "pruned") and t.reused is None for t in self.trials)

    @property
    def objectives(self) -> tuple[str, str]:
        """Of the front: validation error, and complexity or the time that the budget limits."""
        return ERROR, default_cost(self.settings)

    @cached_property
    def front(self) -> tuple[TrialRecord, ...]:
        """The Pareto-optimal trials, cheapest first, by `objectives`."""
        return pareto_front(self.complete, self.objectives)

    @property
    def best(self) -> TrialRecord:
        """The trial with the least validation error; of several, the cheapest.

        Raises:
            StudyError: no trial is complete.
        """
        if not self.front:
            raise StudyError(f"{self.path}: no trial is complete yet; run the search on")
        return self.front[-1]

    def trial(self, number: int) -> TrialRecord:
        """The trial with this number.

        Raises:
            StudyError: there is none.
        """
        for trial in self.trials:
            if trial.number == number:
                return trial
        last = f"0 to {self.trials[-1].number}" if self.trials else "none"
        raise StudyError(f"{self.path}: no trial {number}; there are {last}")

    @property
    def weights_folder(self) -> Path:
        """Where the weights of the front lie."""
        return weights_folder(self.path)


def read_study(path: Path) -> StudyRecord:
    """Reads a study file; a live search may go on writing it.

    Raises:
        StudyError: no such file, not a study, or one of a newer nas-tc.
    """
    settings = kept_settings(path)
    if settings is None:
        raise StudyError(f"{path}: the study is empty; start it with nas-tc search")
    storage = optuna.storages.RDBStorage(study_url(path))
    try:
        return record_of(optuna.load_study(study_name=STUDY_NAME, storage=storage), path)
    finally:
        storage.engine.dispose()


def record_of(study: optuna.Study, path: Path, *, interrupted: bool = False) -> StudyRecord:
    """The record of an open study."""
    attributes = study.user_attrs
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
                )
                for trial in study.get_trials(deepcopy=False)
                # An older nas-tc wrote the architecture first, and may have been killed behind it.
                if ARCHITECTURE_KEY in trial.user_attrs and "params" in trial.user_attrs
            ]
        ),
        runs=tuple(attributes.get(RUNS_KEY, ())),
        interrupted=interrupted,
        timing=attributes.get(TIMING_KEY, {}),
    )


def trial_record(
    trial: FrozenTrial,
    test_error: float | None = None,
    reruns: Sequence[Mapping[str, Any]] = (),
    timed: Mapping[str, Any] | None = None,
) -> TrialRecord:
    """The record of one trial.

    Args:
        trial: Optuna's.
        test_error: 0 to 1, if it is known.
        reruns: with other seeds.
        timed: figures that were taken with care in the end, and the reason if they are over the
            budget.
    """
    attributes = trial.user_attrs
    reason = attributes.get(REASON_KEY)
    times = attributes.get(TIMES_KEY, {})
    state = _state(trial)
    if timed is not None:
        times = {name: {**times.get(name, {}), **new} for name, new in timed["times"].items()}
        if timed["reason"] is not None:
            state, reason = "rejected", timed["reason"]
    return TrialRecord(
        number=trial.number,
        state=state,
        architecture=Architecture.from_dict(attributes[ARCHITECTURE_KEY]),
        complexity=attributes["complexity"],
        params=attributes["params"],
        genes=trial.params,
        val_errors=dict(sorted(trial.intermediate_values.items())),
        test_error=test_error,
        train_s=attributes.get("train_s"),
        reason=reason,
        reused=attributes.get(REUSED_KEY),
        reused_seed=attributes.get(REUSED_SEED_KEY),
        reruns=tuple(sorted((Rerun(**each) for each in reruns), key=lambda each: each.seed)),
        times=times,
        timing_s=attributes.get(TIMING_S_KEY),
        timed_again=timed is not None,
    )


def _state(trial: FrozenTrial) -> State:
    if trial.state == TrialState.FAIL and trial.user_attrs.get(OVER_BUDGET_KEY):
        return "rejected"
    return _STATES[trial.state]
