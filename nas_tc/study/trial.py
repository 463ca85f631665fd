"""One trial of a study: the network, its errors, its times, and how it ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from statistics import fmean
from typing import Any, Literal

from optuna.trial import FrozenTrial, TrialState

from nas_tc.architecture import Architecture, format_notation
from nas_tc.metric import AnyConfusion, confusion_from_dict
from nas_tc.study.attributes import (
    ARCHITECTURE_KEY,
    BASELINE_KEY,
    OVER_BUDGET_KEY,
    REASON_KEY,
    REUSED_KEY,
    REUSED_SEED_KEY,
    TIMES_KEY,
    TIMING_S_KEY,
    TRAIN_LOSSES_KEY,
)
from nas_tc.study.spread import Rerun, Spread

State = Literal["complete", "pruned", "failed", "running", "rejected"]
_STATES: dict[TrialState, State] = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "running",
    # Its state was read before, and its network after a live search had begun to train it.
    TrialState.WAITING: "running",
}


@dataclass(frozen=True, slots=True)
class TrialRecord:
    """One network of a study, and its results."""

    number: int
    state: State
    architecture: Architecture
    complexity: int  # multiply-adds, Eqn. (1)
    params: int
    genes: Mapping[str, Any]
    val_errors: Mapping[int, float]  # epochs trained to validation error, 0 to 1
    test_error: float | None  # 0 to 1; for the networks of the front, once the search is over
    train_s: float | None  # seconds of training, validation not counted
    reason: str | None  # why the trial was stopped or failed
    reused: str | None = None  # "STUDY#TRIAL" if the result was taken from another study
    reused_seed: int | None = None  # seed of the search that trained it, if that was another
    reruns: tuple[Rerun, ...] = ()  # reruns of a network of the front, by seed
    repeat_of: int | None = None  # earlier trial of the same network
    repeats: tuple[float, ...] = ()  # final validation errors of the trials that repeat this one
    times: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # "latency": ms, verdict
    timing_s: float | None = None  # seconds to measure its times, without the careful timing
    timed_again: bool = False  # whether the careful timing of the front has measured it
    baseline: str | None = None  # family of a known network that was trained beside the trials
    train_losses: Mapping[int, float] = field(default_factory=dict)  # mean loss of these epochs
    confusion: AnyConfusion | None = None  # on the test images; studies of before have none
    started: datetime | None = None  # local time at which a worker got it
    ended: datetime | None = None  # local time

    @property
    def network(self) -> str:
        """The network in the paper's notation."""
        return format_notation(self.architecture.stages)

    @property
    def is_landmark(self) -> bool:
        """Whether it is a baseline that the space does not have: compared, but never taken."""
        return self.baseline is not None and not self.genes

    @property
    def val_error(self) -> float | None:
        """The last validation error of this training, 0 to 1."""
        return self.val_errors[max(self.val_errors)] if self.val_errors else None

    @property
    def mean_val_error(self) -> float | None:
        """The mean validation error of this training and its repeats, 0 to 1."""
        own = self.val_error
        return fmean((own, *self.repeats)) if self.repeats and own is not None else own

    @property
    def rerun_val_error(self) -> Spread | None:
        """Validation error over the reruns alone.

        The first training is left out: the front was chosen by it, so it was probably lucky.
        """
        return Spread.over([each.val_error for each in self.reruns]) if self.reruns else None

    @property
    def rerun_test_error(self) -> Spread | None:
        """Test error over the reruns alone."""
        return Spread.over([each.test_error for each in self.reruns]) if self.reruns else None


def trial_record(
    trial: FrozenTrial,
    test_error: float | None = None,
    reruns: Sequence[Mapping[str, Any]] = (),
    timed: Mapping[str, Any] | None = None,
    confusion: Mapping[str, Any] | None = None,
    network: Architecture | None = None,
) -> TrialRecord:
    """The record of one trial.

    Args:
        trial: Trial of the Optuna study.
        test_error: Test error, 0 to 1; None: not measured.
        reruns: Results of trainings with other seeds.
        timed: Figures of the careful timing in the end, and the reason if they are over the budget;
            None: there was no such timing.
        confusion: Confusion matrix on the test images, as `Confusion.to_dict` has it; None: there
            is none.
        network: Its network; None: it is read from the trial.
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
        architecture=network or Architecture.from_dict(attributes[ARCHITECTURE_KEY]),
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
        times={name: _renamed(kept) for name, kept in times.items()},
        timing_s=attributes.get(TIMING_S_KEY),
        timed_again=timed is not None,
        baseline=attributes.get(BASELINE_KEY),
        confusion=None if confusion is None else confusion_from_dict(confusion),
        train_losses={int(e): loss for e, loss in attributes.get(TRAIN_LOSSES_KEY, {}).items()},
        started=trial.datetime_start,
        ended=trial.datetime_complete,
    )


def _renamed(kept: Mapping[str, Any]) -> dict[str, Any]:
    """What a study keeps of a time, under today's names: 0.1 wrote "foretold" for predicted."""
    times = {"predicted_ms" if key == "foretold_ms" else key: kept[key] for key in kept}
    if times.get("verdict") == "foretold":
        times["verdict"] = "predicted"
    return times


def _state(trial: FrozenTrial) -> State:
    if trial.state == TrialState.FAIL and trial.user_attrs.get(OVER_BUDGET_KEY):
        return "rejected"
    return _STATES[trial.state]
