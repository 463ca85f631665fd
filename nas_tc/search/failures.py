"""Networks that could not be trained: which are tried again, and when a search gives up."""

import optuna
from optuna.trial import FrozenTrial, TrialState

from nas_tc.architecture import Architecture
from nas_tc.errors import StudyError
from nas_tc.search.pool import FailedError, LostError
from nas_tc.search.trials import attributes_of, tell
from nas_tc.search.warm_start import enqueue
from nas_tc.space import Space
from nas_tc.study.attributes import (
    BASELINE_KEY,
    LOSSES_KEY,
    REASON_KEY,
    RUNG_KEY,
    TRAIN_LOSSES_KEY,
)

_IN_A_ROW = 5  # failures, with which something is wrong that no other network will mend


class Failures:
    """Ends trials that failed, and counts those in a row that are not tried again.

    Args:
        study: Open study.
        space: Space of the networks.
        retries: Number of times that a network is tried again after its worker died or hung.
    """

    def __init__(self, study: optuna.Study, space: Space, retries: int) -> None:
        self._study, self._space, self._retries = study, space, retries
        self._in_a_row = 0

    def end(
        self, trial: optuna.Trial, network: Architecture, error: FailedError
    ) -> tuple[FrozenTrial, bool]:
        """Ends a trial after an error; queues its network again if the worker died.

        The network is queued before its trial ends, so that a kill between the two loses nothing.

        Args:
            trial: Trial that failed.
            network: Its network.
            error: Error that ended it.

        Returns:
            The trial, and whether its network is tried again.
        """
        trial.set_user_attr(REASON_KEY, str(error))
        attributes = attributes_of(trial)
        losses = attributes.get(LOSSES_KEY, 0) + 1
        tried_again = isinstance(error, LostError) and losses <= self._retries
        if tried_again:
            kept = {LOSSES_KEY: losses}
            if BASELINE_KEY in attributes:
                kept[BASELINE_KEY] = attributes[BASELINE_KEY]
            if rungs := attributes.get(TRAIN_LOSSES_KEY):
                kept[RUNG_KEY] = max(int(epoch) for epoch in rungs)
            enqueue(self._study, network, self._space, kept)
        return tell(trial, TrialState.FAIL), tried_again

    def count(self, error: FailedError) -> None:
        """Counts a network that is given up.

        Args:
            error: Error that ended it.

        Raises:
            StudyError: It is one of several in a row.
        """
        self._in_a_row += 1
        if self._in_a_row >= _IN_A_ROW:
            raise StudyError(
                f"{_IN_A_ROW} networks in a row could not be trained, the last: {error}"
            )

    def end_row(self) -> None:
        """Notes that a network trains."""
        self._in_a_row = 0
