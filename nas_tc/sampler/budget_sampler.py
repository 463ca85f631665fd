"""`BudgetSampler`: an Optuna sampler whose proposals keep a limit on their cost."""

from collections.abc import Callable, Sequence
from math import isfinite
from threading import Lock
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from nas_tc.errors import BudgetError
from nas_tc.sampler.acquisition import Acquisition
from nas_tc.sampler.candidates import Candidate, Candidates, Expectation, Judge, Key
from nas_tc.sampler.constraints import Constraints
from nas_tc.sampler.distributions import Membership, Params
from nas_tc.sampler.feasible_draws import Cost, Draws, FeasibleDraws
from nas_tc.sampler.initial_design import farthest, unseen
from nas_tc.sampler.last_study import LastStudy
from nas_tc.sampler.observations import Observations
from nas_tc.sampler.one_blas_thread import one_blas_thread
from nas_tc.sampler.open_trials import OpenTrials
from nas_tc.sampler.table import Table

_STARTUP = 8  # trials before a model is of any use
_UNIFORM_SHARE = 0.03  # of the proposals after them
_COMPLETIONS = 512  # uniform samples that the rest of a setting is taken from


class BudgetSampler(BaseSampler):
    """Proposes settings with `floor <= cost <= limit`, none of them twice unless that pays.

    The cost is known before a trial is run, so no trial is spent on a setting that does not fit. A
    Gaussian process of the error chooses among uniform samples and mutations: members of the front
    with one to three parameters changed at once. It takes the setting that lowers the least error
    at the limit most, or now and then the whole front below it. Some proposals are uniform samples.
    The first eight are samples that have little in common.

    A proposal depends on the seed and on the trials of the study, those that others have added
    included, so that a search that was interrupted does not repeat itself. Trials that still run
    count as they are expected to end. Parameters that are not in `distributions` are sampled
    uniformly.

    Args:
        distributions: parameter names to Optuna distributions.
        cost: cost of a setting; called often, so it should take microseconds.
        limit: the most that a setting may cost.
        floor: the least that a setting may cost.
        seed: seed of the proposals; None: another each time.
        canonical: gives one setting for all that mean the same; that one is proposed.
        judge: gives the canonical settings and the costs of many at once, NaN for the cost of one
            that does not fit. A setting is a row of numbers, a column a parameter: of a category
            the place of the choice. None instead of it: by `cost` and `canonical`, one by one.
        draws: source of settings that fit; None: `FeasibleDraws`.
        repeats: whether a setting may be run again, where a second look at it is worth more than
            a first one at another. For objectives that differ from run to run.
        admits: whether a setting may be proposed by what is known now. Its answers may change, so
            it is called again for each proposal, with a few settings each time.
        reading: name of the user attribute with what trials show at rungs, {"3": 1.63}, from which
            the final errors of pruned trials are estimated; None: the reported values.
        expectation: gives what is expected of canonical settings, as rows, before any trial, such
            as the logarithms of their errors, up to a constant, shape (settings,). The first trials
            are among the best by it, and the model learns how far it holds. None: nothing is.

    Raises:
        BudgetError: nothing is found within the limit.
    """

    def __init__(
        self,
        distributions: dict[str, BaseDistribution],
        cost: Cost,
        limit: float,
        *,
        floor: float = 0.0,
        seed: int | None = None,
        canonical: Callable[[Params], Params] = dict,
        judge: Judge | None = None,
        draws: Draws | None = None,
        repeats: bool = False,
        admits: Callable[[Params], bool] | None = None,
        reading: str | None = None,
        expectation: Expectation | None = None,
    ) -> None:
        if not floor <= limit:
            raise BudgetError(f"the floor {floor:g} is above the limit {limit:g}; exchange them")
        self.distributions = dict(distributions)
        points = Candidates(distributions, cost, limit, canonical, judge, expectation)
        draws = draws or FeasibleDraws(distributions, points.cost, limit, floor)
        self._constraints = Constraints(
            self.distributions, points, draws, limit, floor, admits or _anything
        )
        self._seed = int(np.random.SeedSequence().generate_state(1)[0]) if seed is None else seed
        self._choice = Acquisition(self._constraints, self._seed, repeats=repeats)
        self._independent = RandomSampler(seed)
        self._reading = reading
        self._lock = Lock()
        self._has_all = Membership(distributions)
        self._last = LastStudy()
        self._forget()

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=Lock())

    def _forget(self) -> None:
        """Begins to read a study that it has read nothing of."""
        self._open = OpenTrials()
        self._running: list[FrozenTrial] = []  # trials that have not ended
        self._observations: dict[float, Observations] = {}  # by the sign of the values
        self._known: dict[int, Candidate] = {}  # by trial number
        self._costs = Table(1)  # by trial number
        self._ended: dict[Key, int] = {}  # trials of a setting that have ended and did not fail
        self._ended_turns = 0  # proposals that these were
        self._proposed: dict[int, Candidate] = {}  # what the study may lack still, by trial number
        self._seen: set[Key] = set()

    def has_next(self, study: optuna.Study) -> bool:
        """Whether there is a setting that fits and that the study does not have."""
        with self._lock:
            trials = self._remember(study)
            random = np.random.default_rng([self._seed, len(trials)])
            return unseen(self._constraints, self._seen, random) is not None

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Optuna's hook: all parameters are chosen together."""
        return self.distributions

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Optuna's hook: the next setting."""
        fixed = {
            name: value
            for name, value in trial.system_attrs.get("fixed_params", {}).items()
            if name in self.distributions
        }
        if len(fixed) == len(self.distributions):
            return {}  # Optuna takes what was queued
        with self._lock:
            if fixed:
                return self._completed(fixed, np.random.default_rng([self._seed, trial.number]))
            proposal = self._propose(study)
            self._proposed[trial.number] = proposal
        return dict(proposal.params)

    def propose(self, study: optuna.Study) -> Params | None:
        """The next setting, for a trial that is made with it, as by `study.add_trial`.

        Args:
            study: Study that the trial will be added to.

        Returns:
            The setting; None if the study has all that fit, as `has_next` says.
        """
        with self._lock:
            proposal = self._propose(study)
            is_new = proposal.key not in self._seen and self._constraints.admits(proposal.params)
        return proposal.params if is_new or self.has_next(study) else None

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Optuna's hook for a parameter that the sampler was not told of: a uniform sample."""
        return self._independent.sample_independent(study, trial, param_name, param_distribution)

    def _propose(self, study: optuna.Study) -> Candidate:
        trials = self._remember(study)
        turn = self._turn()
        random = np.random.default_rng([self._seed, turn])
        sign = -1.0 if study.direction == StudyDirection.MAXIMIZE else 1.0
        if sign not in self._observations:
            self._observations[sign] = Observations(self._is_of_use, sign, self._reading)
        found = self._observations[sign].of(trials)
        chosen: Candidate | None = None
        if len(found) < _STARTUP:
            before = [*self._known.values(), *self._proposed.values()]
            chosen = farthest(self._constraints, self._seen, before, random)
        elif random.random() >= _UNIFORM_SHARE:
            running = [
                self._known[trial.number]
                for trial in self._running
                if trial.state == TrialState.RUNNING and self._is_of_use(trial)
            ]
            open_ = [*running, *self._proposed.values()]
            cost = self._costs.rows[found.numbers, 0]
            with one_blas_thread():
                chosen = self._choice.of(found, self._known, cost, open_, self._seen, turn, random)
        if chosen is None:
            chosen = unseen(self._constraints, self._seen, random)
        return chosen or self._constraints.drawn(1, random)[0]

    def _turn(self) -> int:
        """The number of proposals so far, which seeds the next one.

        It is the trial's number in a study that nothing disturbs. A trial that was stopped and
        queued again is one proposal, and one that was stopped before it had its setting is none,
        so that a search proposes the same after an interruption.
        """
        counts: dict[Key, int] = {}
        for key in self._proposed_keys():
            counts[key] = self._ended.get(key, 0) + 1
        for trial in self._running:
            if (point := self._known.get(trial.number)) is not None:
                counts[point.key] = counts.get(point.key, self._ended.get(point.key, 0)) + 1
        before = sum(max(1, self._ended[key]) for key in counts if key in self._ended)
        return self._ended_turns - before + sum(counts.values())

    def _proposed_keys(self) -> set[Any]:
        return {point.key for point in self._proposed.values()}

    def _completed(self, fixed: Params, random: np.random.Generator) -> dict[str, Any]:
        """The rest of a setting that was queued with some parameters, so that it fits if it can."""
        drawn = self._constraints.draws.draw(_COMPLETIONS, random)
        whole = ({**params, **fixed} for params in drawn)
        fitting = (
            each
            for each in whole
            if self._constraints.fits(self._constraints.points.cost(each))
            and self._constraints.admits(each)
        )
        return next(fitting, {**drawn[0], **fixed})

    def _remember(self, study: optuna.Study) -> Sequence[FrozenTrial]:
        """Takes note of trials that were not there before; returns all of the study."""
        if self._last.is_other(study):
            self._forget()
        trials = study.get_trials(deepcopy=False)
        self._running = []
        changed = self._open.of(trials)
        self._learn([trial for trial in changed if trial.number not in self._known])
        for trial in changed:
            if not trial.state.is_finished():
                self._running.append(trial)
            elif (known := self._known.get(trial.number)) is not None:
                before = self._ended.get(known.key)
                count = (before or 0) + (trial.state != TrialState.FAIL)
                self._ended[known.key] = count
                self._ended_turns += max(1, count) - (0 if before is None else max(1, before))
        self._seen.update(point.key for point in self._proposed.values())
        return trials

    def _learn(self, trials: Sequence[FrozenTrial]) -> None:
        """Takes note of the settings of trials, once they have one."""
        numbers: list[int] = []
        settings: list[Params] = []
        for trial in trials:
            # A queued trial has no parameters yet but those that it was queued with; one that is
            # being asked for lacks some, and for ever if the search is killed meanwhile.
            params = trial.params or trial.system_attrs.get("fixed_params", {})
            has_setting = self._has_all(params)
            if has_setting:
                numbers.append(trial.number)
                settings.append({name: params[name] for name in self.distributions})
            if has_setting or trial.state.is_finished():
                self._proposed.pop(trial.number, None)
        known = self._constraints.points.all_of(settings)
        self._known.update(zip(numbers, known, strict=True))
        for number, point in zip(numbers, known, strict=True):
            self._costs.put(number, (point.cost,))
        self._seen.update(point.key for point in known)

    def _is_of_use(self, trial: FrozenTrial) -> bool:
        """Whether the model can learn from a trial: it has a setting of ours, with a cost."""
        point = self._known.get(trial.number)
        return point is not None and isfinite(point.cost)


def _anything(_params: Params) -> bool:
    return True
