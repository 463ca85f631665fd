"""Trial records as a study would hold them, without a study."""

from nas_tc.architecture import GAP, Architecture, Stage
from nas_tc.study import TrialRecord

ANY = Architecture((1, 4, 4), (Stage(1, 1, 1),), GAP, 2)


def record(number, cost, error):
    """A complete trial of `ANY` with a complexity, and an error in tenths after three epochs."""
    return TrialRecord(
        number=number,
        state="complete",
        architecture=ANY,
        complexity=cost,
        params=1,
        genes={},
        val_errors={1: 1.0, 3: error / 10},
        test_error=None,
        train_s=None,
        reason=None,
    )
