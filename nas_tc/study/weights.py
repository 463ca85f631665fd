"""Files of weights beside a study: of the front's networks, and of those that may join it."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from nas_tc._files import whole_file
from nas_tc.errors import StudyError, reason
from nas_tc.study.files import weights_file, weights_folder
from nas_tc.study.front import near_front, pareto_front
from nas_tc.study.record import StudyRecord
from nas_tc.study.repeats import with_repeats
from nas_tc.study.study_url import StudyUrl
from nas_tc.study.trial import TrialRecord

_LESS = 0.8  # least ratio of a careful time to a brief one
_LAYERS = 3  # fronts whose weights are kept: the front, the front of all other trials, and so on
_NAMED = 8  # trials that an error message names


@dataclass(frozen=True)
class Weights:
    """Keeps and removes the files of weights of a study.

    Attributes:
        path: Path of the study file.
        objectives: Objectives of the front.
        timed_briefly: Whether times were measured only briefly, so that a later, careful timing may
            change the front.
    """

    path: Path
    objectives: tuple[str, str]
    timed_briefly: bool

    @property
    def alone(self) -> bool:
        """Whether no other driver writes weights of the study."""
        return not isinstance(self.path, StudyUrl)

    def keep(self, trial: TrialRecord, weights: bytes, before: Sequence[TrialRecord]) -> None:
        """Writes the weights of a trial, unless its network is far from the front.

        Call it before the trial is recorded as complete, so that no member of the front lacks its
        weights.

        Args:
            trial: Trial whose training has ended.
            weights: Weights of its network, as a safetensors file.
            before: Trials that ended before it.

        Raises:
            StudyError: The file cannot be written.
        """
        complete = with_repeats([*before, replace(trial, state="complete")])
        if trial.number in self._kept(complete, trial.number):
            self.write(trial.number, weights)

    def write(self, number: int, weights: bytes) -> None:
        """Writes the weights of a trial.

        Args:
            number: Number of the trial.
            weights: Weights of its network, as a safetensors file.

        Raises:
            StudyError: The file cannot be written.
        """
        file = weights_file(self.path, number)
        try:
            if isinstance(file, Path):
                with whole_file(file) as partial:
                    partial.write_bytes(weights)
            else:  # an object store, where an object is whole or not there
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(weights)
        except OSError as error:
            raise StudyError(
                f"cannot write {file}: {reason(error)}; finished trials are kept: make room and "
                "run the same command again"
            ) from None

    def drop(
        self, complete: Sequence[TrialRecord], ended: Sequence[TrialRecord] | None = None
    ) -> None:
        """Removes the weights of networks that are far from the front, but of no baseline.

        Args:
            complete: Complete trials that decide; those far from the front can be left out.
            ended: All complete trials; None: `complete` has all. Where other drivers write weights,
                those of other trials stay: they are written before their trial is told.
        """
        kept = {weights_file(self.path, number).name for number in self._kept(complete)}
        known = {
            weights_file(self.path, trial.number).name
            for trial in (() if self.alone else complete if ended is None else ended)
        }
        for file in weights_folder(self.path).glob("*.safetensors"):
            if file.name not in kept and (self.alone or file.name in known):
                with suppress(OSError):  # such as a disk that is read-only now: it is tried again
                    file.unlink(missing_ok=True)

    def _kept(self, complete: Sequence[TrialRecord], new: int | None = None) -> set[int]:
        """Numbers of the trials that keep their weights; those of trial `new` are still in memory.

        When a network is trained again, its mean error may rise, and networks that it beat join the
        front. The same happens when a member of the front turns out to be slower than its brief
        timing showed.
        """
        kept = {trial.number for trial in near_weights(complete, self.objectives)}
        members = [trial for trial in complete if not trial.is_landmark]
        if self.timed_briefly:
            kept |= {
                trial.number
                for trial in members
                if trial.number not in kept
                and (trial.number == new or weights_file(self.path, trial.number).exists())
                and self._may_be_on_front(trial, members)
            }
        return kept

    def _may_be_on_front(self, trial: TrialRecord, complete: Sequence[TrialRecord]) -> bool:
        """Whether a network would be on the front if its time were a little less.

        Times are first measured briefly; those of the front are measured again in the end.
        """
        times = {
            name: {**figure, "ms": figure["ms"] * _LESS} for name, figure in trial.times.items()
        }
        quicker = replace(trial, times=times)
        others = [each for each in complete if each.number != trial.number]
        return quicker in pareto_front([*others, quicker], self.objectives)


def near_weights(complete: Sequence[TrialRecord], objectives: tuple[str, str]) -> list[TrialRecord]:
    """The trials that keep their weights, where times do not change: near the front, or baselines.

    Args:
        complete: Complete trials, each with the trials that repeat it.
        objectives: Objectives of the front.
    """
    members = [trial for trial in complete if not trial.is_landmark]
    near = {trial.number for trial in near_front(members, objectives, _LAYERS)}
    # A baseline whose network had been trained before is shown by that trial.
    shown = {each.repeat_of for each in complete if each.baseline is not None}
    return [
        each
        for each in complete
        if each.number in near or each.number in shown or each.baseline is not None
    ]


def without_weights(record: StudyRecord, trial: TrialRecord) -> StudyError:
    """The error for a trial without weights; it names the most similar trials with weights.

    Args:
        record: Record of the study.
        trial: Trial without weights.
    """
    kept = [each for each in record.trials if weights_file(record.path, each.number).is_file()]
    kept.sort(key=lambda each: (abs(each.complexity - trial.complexity), each.number))
    named = kept if len(kept) <= _NAMED + 1 else kept[:_NAMED]
    numbers = ", ".join(str(number) for number in sorted(each.number for each in named))
    if len(named) < len(kept):
        numbers += f" have the nearest costs, and {len(kept) - len(named)} others have weights"
    return StudyError(
        f"{record.path}: trial {trial.number} ({trial.state}) has no weights: a study keeps those "
        f"of the front and near it: {numbers or 'none yet'}"
    )
