"""The image sizes of a study's networks, which tables show where they differ."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nas_tc.study.trial import TrialRecord

if TYPE_CHECKING:
    import pandas as pd

RESOLUTION = "resolution"
"""Name of the column, and of the gene of a space that chooses among sizes."""


def resolutions_differ(trials: Sequence[TrialRecord]) -> bool:
    """Whether the networks of these trials take images of several sizes."""
    return len({trial.architecture.input[1:] for trial in trials}) > 1


def add_resolution(
    table: "pd.DataFrame", shown: Sequence[TrialRecord], trials: Sequence[TrialRecord]
) -> None:
    """Inserts the height and width of each network's input behind its notation, as "24x24".

    Nothing is inserted where all networks of a study have one size. The gene of that name tells
    nothing more, and is left out.

    Args:
        table: Table with a column "network".
        shown: Trials of the rows.
        trials: All trials of the study.
    """
    if not resolutions_differ(trials):
        return
    if RESOLUTION in table.columns:
        table.pop(RESOLUTION)
    place = list(table.columns).index("network") + 1
    table.insert(place, RESOLUTION, [trial.architecture.resolution for trial in shown])
