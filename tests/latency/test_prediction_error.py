"""Agreement of predicted with measured times."""

import pytest

from nas_tc.latency import (
    agreement,
    scaled,
)


def test_agreement_of_ranks_and_errors():
    found = agreement([1.0, 2.2, 2.7, 8.0], [1.0, 2.0, 3.0, 4.0])
    assert found.spearman == pytest.approx(1.0)
    assert found.median_error == pytest.approx(0.1)
    assert found.worst_error == pytest.approx(1.0)
    assert found.within == 0.5 or found.within == 0.75  # 2.2 / 2 may round either way
    assert agreement([1.0, 1.0, 2.0], [1.0, 2.0, 3.0]).spearman == pytest.approx(0.866, abs=1e-3)
    assert scaled([10, 20, 40], [1.0, 2.0, 5.0]) == [1.0, 2.0, 4.0]
