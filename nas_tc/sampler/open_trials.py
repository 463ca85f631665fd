"""The trials of a study that a reader has not seen ended yet."""

from collections.abc import Sequence

from optuna.trial import FrozenTrial


class OpenTrials:
    """Passes over trials whose end was seen, since nothing about them changes any more.

    So a study of thousands of trials costs a proposal no more than one of some hundred.
    """

    def __init__(self) -> None:
        self._open: list[int] = []  # places of the trials that had not ended
        self._many = 0  # trials that were there

    def of(self, trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
        """The trials that are new, or had not ended when this was called last; they are in order.

        Args:
            trials: All trials of the study, in the order of their numbers.
        """
        places = [*self._open, *range(self._many, len(trials))]
        self._open = [place for place in places if not trials[place].state.is_finished()]
        self._many = len(trials)
        return [trials[place] for place in places]
