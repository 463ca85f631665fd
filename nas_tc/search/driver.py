"""The driver of a search: it keeps every worker busy, and it alone writes the study."""

from collections.abc import Mapping
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from nas_tc.architecture import Architecture
from nas_tc.sampler.pareto_pruner import ParetoPruner
from nas_tc.search.around import is_own
from nas_tc.search.baselines import excess_of, next_baseline
from nas_tc.search.failures import Failures
from nas_tc.search.jobs import run_jobs
from nas_tc.search.other_drivers import OtherDrivers
from nas_tc.search.pool import FailedError
from nas_tc.search.proposals import Proposals
from nas_tc.search.session import Session
from nas_tc.search.settings import Settings
from nas_tc.search.stop_time import StopTime
from nas_tc.search.study_times import check_device, earlier_times, record_times
from nas_tc.search.tally import Tally
from nas_tc.search.time_judge import TimeJudge
from nas_tc.search.timing_records import reason_over_limit, timing_record
from nas_tc.search.trials import Trainings, attributes_of, frozen_trial, record_rungs, tell
from nas_tc.search.unfinished import Unfinished
from nas_tc.search.watch import Watch
from nas_tc.study.attributes import (
    BASELINE_KEY,
    OVER_BUDGET_KEY,
    REASON_KEY,
    TIMED_ON_KEY,
    TIMES_KEY,
    TIMING_S_KEY,
)
from nas_tc.study.storage import requeue_running
from nas_tc.study.study_storage import batch, turn
from nas_tc.study.trial import trial_record
from nas_tc.study.weights import Weights
from nas_tc.worker import TimingResult, TrainingResult, training_seed


class Driver:
    """Runs the trials of a study: asks, reports, prunes and tells, while workers only train.

    Args:
        session: Study, workers and listener.
        settings: Settings of the search.
        goal: Number of trials that are complete or pruned in the end, baselines not counted; None:
            as many as fit before `stop`.
        time_judge: Judge of networks by time, where the budget limits one.
        stop: Time at which the search has to end; None: when it has reached its goal.
        reruns: Number of trainings of the front that follow, for the time that is left.

    Raises:
        StudyError: The study's times were measured on another device.
    """

    def __init__(
        self,
        session: Session,
        settings: Settings,
        goal: int | None,
        time_judge: TimeJudge | None = None,
        stop: StopTime | None = None,
        reruns: int = 0,
    ) -> None:
        if time_judge is not None and time_judge.measures:
            check_device(session.study, session.path, time_judge.table.machine["device"])
        self._time_judge = time_judge
        self._session = session
        self._study = session.study
        self._pool = session.pool
        self._listener = session.listener
        self._settings = settings
        self._stop = stop
        reading = settings.rung_reading
        self._proposals = Proposals(session.study, settings, time_judge, reading)
        self._failures = Failures(session.study, settings.space, session.retries)
        self._running: dict[int, optuna.Trial] = {}
        self._networks: dict[int, Architecture] = {}  # of these
        self._trainings = Trainings()
        record = session.record()
        self._tally = Tally(record, goal)
        images = len(settings.data.train)
        self._watch = Watch(record, settings.recipe, images, session.pool.size, reruns)
        self._weights = Weights(
            session.path,
            record.objectives,
            timed_briefly=time_judge is not None and time_judge.measures,
        )
        self._others = OtherDrivers(session.study)
        self._study.pruner = ParetoPruner(record.objectives[1], reading=reading)
        self._unfinished = Unfinished(session.path, session.listener)
        if self._weights.alone:
            self._unfinished.drop_others(session.study, settings.space)
        self._notes: set[str] = set()  # workers' notes so far; all workers send the same ones
        for each in record.trained:
            if stop is not None and each.train_s is not None:
                stop.took(each.train_s)

    def run(self) -> None:
        """Trains networks until the goal is reached or the space has no more.

        Raises:
            StudyError: Several networks in a row could not be trained at all.
        """
        run_jobs(
            self._pool,
            self._session.check,
            self._begin_next,
            self._handle,
            tick=self._tick,
        )
        if self._tally.reaches_goal_with(0):
            return
        done = self._tally.done
        if self._proposals.is_exhausted:
            self._listener.note(
                f"the space holds no other network within the budget: {done} are trained"
            )
        elif self._stop is not None:
            self._listener.note(
                f"no other training fits before the end: {done} trials are done; the same "
                "command goes on for as long again"
            )

    def _begin_next(self) -> bool:
        """Starts the next network on an idle worker; False if there is none to start.

        A queued network comes first. A baseline is trained even if the goal is reached. None is
        started that cannot end in time.
        """
        if self._stop is not None and not self._stop.allows_another:
            return False
        with turn(self._study):
            running = self._counted + self._count_others()
            asked = self._proposals.next(is_full=self._tally.reaches_goal_with(running))
        if asked is None:
            return False
        trial, architecture = asked
        self._running[trial.number] = trial
        self._networks[trial.number] = architecture
        if self._time_judge is None:
            self._train(trial, architecture)
        elif times := self._times_without_measuring(self._time_judge, architecture):
            record_times(trial, times)
            self._train(trial, architecture)
        elif self._time_judge.measures:
            baseline = attributes_of(trial).get(BASELINE_KEY)
            self._watch.began(trial.number, architecture, baseline, is_timed=True)
            self._pool.time(trial.number, self._time_judge.request_for(architecture))
        elif is_own(trial) or self._time_judge.admits(architecture):
            record_times(trial, self._time_judge.predicted_times(architecture))
            self._train(trial, architecture)
        else:  # a network that the user named; the sampler proposes none like it
            self._reject(trial, "predicted to be too slow")
        return True

    def _count_others(self) -> int:
        """Counts trials that other drivers have ended; the number of those that they run."""
        ended, running = self._others.look()
        for each in ended:
            if each.state in (TrialState.COMPLETE, TrialState.PRUNED):
                self._tally.add(trial_record(each))
        return running

    def _train(self, trial: optuna.Trial, architecture: Architecture) -> None:
        repeat = self._trainings.before(self._study, trial.number, architecture)
        seed = training_seed(self._settings.seed, architecture, repeat)
        if self._stop is not None:
            self._stop.began(trial.number)
        state = self._unfinished.begin(trial, architecture, seed)
        baseline = attributes_of(trial).get(BASELINE_KEY)
        self._watch.began(trial.number, architecture, baseline)
        self._pool.begin(trial.number, architecture, seed, state)

    def _times_without_measuring(
        self, time_judge: TimeJudge, architecture: Architecture
    ) -> Mapping[str, Any]:
        """Times of a network that was trained before, or that the table puts within its limits."""
        if times := earlier_times(self._tally.complete, architecture):
            return times
        return time_judge.certain_times(architecture) if time_judge.measures else {}

    def _handle_time(self, trial: optuna.Trial, result: TimingResult) -> None:
        """Trains a network that is quick enough, and rejects any other for good."""
        assert self._time_judge is not None
        architecture = self._networks[trial.number]
        predicted = self._time_judge.predicted_times(architecture)
        self._time_judge.add_result(architecture, result)  # refuses a worker on another machine
        self._proposals.is_exhausted = False  # the table has changed and may admit more networks
        if TIMED_ON_KEY not in self._study.user_attrs:
            self._study.set_user_attr(TIMED_ON_KEY, result.machine["device"])
        record_times(trial, timing_record(result.times, predicted))
        trial.set_user_attr(TIMING_S_KEY, round(result.seconds, 4))
        self._pool.release(trial.number)
        reason = reason_over_limit(result.times, self._time_judge.limits)
        if reason and not is_own(trial):
            self._reject(trial, reason)
        else:
            self._train(trial, architecture)

    def _reject(self, trial: optuna.Trial, reason: str) -> None:
        """Ends a trial whose network exceeds a limit on time: it neither failed nor succeeded."""
        trial.set_user_attr(REASON_KEY, reason)
        trial.set_user_attr(OVER_BUDGET_KEY, True)
        frozen = tell(trial, TrialState.FAIL)
        del self._running[trial.number], self._networks[trial.number]
        self._watch.ended(trial.number)
        self._tally.rejected += 1
        self._listener.ended(trial_record(frozen))
        if BASELINE_KEY in frozen.user_attrs and (times := frozen.user_attrs.get(TIMES_KEY)):
            excess = excess_of(self._settings.times, times)
            next_baseline(self._study, self._settings, frozen, excess)

    def _handle(self, number: int, answer: TrainingResult | TimingResult | FailedError) -> None:
        trial = self._running[number]
        if isinstance(answer, TimingResult):
            self._handle_time(trial, answer)
            return
        if isinstance(answer, FailedError):
            self._fail(trial, answer)
            return
        self._failures.end_row()
        with batch(self._study):
            ended = self._take(trial, answer)
        if ended is not None:
            self._count(ended)
            return
        self._pool.advance(number)
        if answer.state is not None:
            self._unfinished.keep(number, answer.state)

    def _take(self, trial: optuna.Trial, answer: TrainingResult) -> FrozenTrial | None:
        """Records a rung; the trial if it has ended with it, or None if the training goes on.

        Weights are written before the trial is told.
        """
        if answer.note is not None and answer.note not in self._notes:
            self._notes.add(answer.note)
            self._listener.note(answer.note)
        if answer.diverged is not None:
            # No error was measured, so none is reported: a sampler puts such a trial last.
            trial.set_user_attr(REASON_KEY, answer.diverged)
            return tell(trial, TrialState.PRUNED)
        assert answer.rung is not None
        rung = answer.rung
        if answer.earlier:
            self._unfinished.goes_on(trial.number, answer.earlier[-1].epoch)
        record_rungs(trial, (*answer.earlier, rung))
        self._keep_for_tests(rung.validation_s)
        self._watch.rung(trial.number, rung, answer.earlier)
        is_pruned = (
            answer.weights is None
            and BASELINE_KEY not in attributes_of(trial)
            # The first rungs add nothing to an error of this network that is known.
            and not self._tally.has_trained(self._networks[trial.number])
            and trial.should_prune()
        )
        if answer.weights is None and not is_pruned:
            return None
        trial.set_user_attr("train_s", round(rung.train_s, 3))
        if self._time_judge is not None:
            self._time_judge.add_training(rung.train_s)
        if answer.weights is None:
            return tell(trial, TrialState.PRUNED)
        ended = trial_record(frozen_trial(trial))
        is_timed = self._weights.timed_briefly
        rivals = self._tally.complete if is_timed else self._tally.rivals_of(ended)
        self._weights.keep(ended, answer.weights, rivals)
        return tell(trial, TrialState.COMPLETE, rung.val_error)

    def _count(self, frozen: FrozenTrial) -> None:
        """Counts a trial that has ended, and removes weights that nothing needs any more."""
        self._forget(frozen.number)
        self._unfinished.end(frozen.number)
        record = self._tally.add(trial_record(frozen))
        if frozen.state == TrialState.COMPLETE:
            if self._stop is not None:
                self._stop.ended(frozen.number)
            is_timed = self._weights.timed_briefly
            near = self._tally.complete if is_timed else self._tally.near_front
            self._weights.drop(near, self._tally.complete)
        self._listener.ended(record)

    def _fail(self, trial: optuna.Trial, error: FailedError) -> None:
        """Ends a trial after an error."""
        frozen, tried_again = self._failures.end(trial, self._networks[trial.number], error)
        self._forget(trial.number)
        self._unfinished.end(trial.number, is_kept=tried_again)
        self._listener.ended(self._tally.in_context(trial_record(frozen)))
        if not tried_again:
            self._tally.failed += 1
            self._failures.count(error)

    def _forget(self, number: int) -> None:
        del self._running[number], self._networks[number]
        self._watch.ended(number)
        self._pool.release(number)

    @property
    def _counted(self) -> int:
        """Number of running trials that count for the goal."""
        return sum(BASELINE_KEY not in attributes_of(each) for each in self._running.values())

    def _keep_for_tests(self, validation_s: float) -> None:
        """Keeps time back for the tests of the front, by what a validation took."""
        data = self._settings.data
        seconds = validation_s * len(data.test) / len(data.validation)
        networks = len(self._tally.front) + self._tally.baselines + 1
        self._watch.test_s = networks * seconds
        if self._stop is not None:
            self._stop.keep_for_tests(networks, self._pool.size, seconds)

    def _tick(self) -> None:
        """Tells the progress; when the time is over, puts back what has not ended."""
        if self._stop is not None and self._stop.is_over and self._running:
            for number in self._running:
                self._pool.drop(number)
                self._watch.ended(number)
            self._listener.note(
                f"the time is over: {len(self._running)} networks that were being trained are "
                "queued again"
            )
            self._running.clear()
            self._networks.clear()
            requeue_running(self._study)
        progress = self._tally.progress(len(self._running))
        is_exhausted = self._proposals.is_exhausted
        to_begin = 0 if is_exhausted else self._tally.to_begin(self._counted)
        self._listener.progress(
            self._watch.complete(progress, to_begin, self._proposals.queued_baselines, self._stop)
        )
