"""What a notation leaves out and the networks of a study may differ in: image size and head."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from nas_tc.architecture import Architecture, format_head
from nas_tc.study.trial import TrialRecord

if TYPE_CHECKING:
    import pandas as pd

RESOLUTION = "resolution"
"""Name of the column, and of the gene of a space that chooses among sizes."""

HEAD = "head"
"""Name of the column, and of the gene of a space that chooses among heads."""


class NetworkNames:
    """Networks by their notation, with what it leaves out as soon as they differ in that.

    Two networks of one notation would else look equal: "(3,16) | (3,32) at 24x24, head gap[256]".
    """

    def __init__(self, trials: Iterable[TrialRecord] = ()) -> None:
        """Begins with the networks of these trials.

        Args:
            trials: Trials of a study.
        """
        self._sizes: set[str] = set()
        self._heads: set[str] = set()
        for trial in trials:
            self.add(trial)

    def add(self, trial: TrialRecord) -> None:
        """Notes the image size and the head of a trial's network."""
        self._sizes.add(trial.architecture.resolution)
        self._heads.add(head_name(trial.architecture))

    def now(self, trial: TrialRecord) -> str:
        """The name of a further trial's network, by all that were noted so far."""
        self.add(trial)
        return self(trial)

    def __call__(self, trial: TrialRecord) -> str:
        """The name of a trial's network."""
        size = f" at {trial.architecture.resolution}" if len(self._sizes) > 1 else ""
        head = f", head {head_name(trial.architecture)}" if len(self._heads) > 1 else ""
        return f"{trial.network}{size}{head}"


def head_name(network: Architecture) -> str:
    """The head as a space names it: "gap[256]"; "other" if it has no name."""
    return format_head(network.head) or "other"


def add_unwritten(
    table: "pd.DataFrame", shown: Sequence[TrialRecord], trials: Sequence[TrialRecord]
) -> None:
    """Inserts behind the notations what they leave out: resolution, as "24x24", and head.

    Nothing is inserted where all networks of a study agree. A gene of that name tells nothing
    more, and is left out.

    Args:
        table: Table with a column "network".
        shown: Trials of the rows.
        trials: All trials of the study.
    """
    for name, value in ((HEAD, head_name), (RESOLUTION, _resolution)):
        if len({value(trial.architecture) for trial in trials}) > 1:
            if name in table.columns:
                table.pop(name)
            place = list(table.columns).index("network") + 1
            table.insert(place, name, [value(trial.architecture) for trial in shown])


def _resolution(network: Architecture) -> str:
    return network.resolution
