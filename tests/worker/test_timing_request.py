"""Judged times: what counts where the verdict is not clear."""

import pytest

from nas_tc.timing import LOW_QUARTILE, Estimate, Setting, TimeLimit
from nas_tc.worker import JudgedTime

LIMIT = TimeLimit("latency in 1ms..2ms", "latency", Setting(), 2.0, 1.0)


def estimate(ms):
    return Estimate(ms, ms - 0.5, ms + 0.5, LOW_QUARTILE, 20)


@pytest.mark.parametrize(
    ("ms", "ratio", "verdict", "within"),
    [
        (1.5, None, "accept", True),
        (9.0, None, "reject", False),
        (1.9, None, "measure more", True),  # the value itself decides
        (2.1, None, "measure more", False),
        (0.9, None, "measure more", False),
        (40.0, 1.9, "measure more", True),  # of a ratio it is the ratio's
        (1.5, 2.1, "measure more", False),
    ],
)
def test_the_value_decides_where_the_verdict_does_not(ms, ratio, verdict, within):
    found = JudgedTime.of(LIMIT, estimate(ms), None if ratio is None else estimate(ratio), verdict)
    assert (found.name, found.verdict, found.within) == ("latency", verdict, within)
