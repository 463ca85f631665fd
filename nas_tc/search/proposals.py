"""Which network a search trains next: one that is queued, or one that its sampler proposes."""

from math import inf

import optuna
from optuna.trial import TrialState

from nas_tc.architecture import Architecture
from nas_tc.experience import load_experience
from nas_tc.search.likely_limits import most_macs
from nas_tc.search.network_sampler import network_sampler
from nas_tc.search.settings import Settings
from nas_tc.search.time_judge import TimeJudge
from nas_tc.search.trials import ask
from nas_tc.study.attributes import BASELINE_KEY


class Proposals:
    """The queue of a study and, behind it, the study's sampler, which is made here.

    Args:
        study: Open study.
        settings: Settings of the search.
        time_judge: Judge of networks by time, where the budget limits one.
        reading: Name of the attribute with what trials show at rungs; see `BudgetSampler`.

    Attributes:
        is_exhausted: Whether the space holds no other network within the budget.
        queued_baselines: Number of baselines in the queue, when it was last looked at.
    """

    def __init__(
        self,
        study: optuna.Study,
        settings: Settings,
        time_judge: TimeJudge | None,
        reading: str | None,
    ) -> None:
        self._study = study
        self._space = settings.space
        name = settings.experience
        study.sampler = network_sampler(
            settings.space,
            settings.limit,
            settings.seed,
            experience=None if name is None else load_experience(name),
            admits=None if time_judge is None else time_judge.admits,
            reading=reading,
            most_macs=inf if time_judge is None else most_macs(time_judge, settings.space),
        )
        self.is_exhausted = False
        self.queued_baselines = 0

    def next(self, *, is_full: bool) -> tuple[optuna.Trial, Architecture] | None:
        """The next trial and its network; None if there is none to start now.

        Args:
            is_full: Whether the goal is reached with what runs; only a baseline is started then.
        """
        waiting = self._study.get_trials(deepcopy=False, states=(TrialState.WAITING,))
        self.queued_baselines = sum(BASELINE_KEY in each.user_attrs for each in waiting)
        has_baseline = waiting and BASELINE_KEY in waiting[0].user_attrs
        if is_full and not has_baseline:
            return None
        if not waiting and self.is_exhausted:
            return None
        asked = ask(self._study, self._space)
        self.is_exhausted = self.is_exhausted or asked is None
        return asked
