"""Several trainings of one network."""

from dataclasses import replace

import pytest

from nas_tc.study import objective, pareto_front
from nas_tc.study.repeats import with_repeats
from trial_records import ANY, record


def test_a_network_s_errors_are_gathered_in_its_first_complete_trial():
    other = replace(ANY, classes=3)
    trials = [
        replace(record(0, 1, 9), state="pruned"),
        record(1, 1, 2),
        replace(record(2, 2, 3), architecture=other),
        record(3, 1, 4),
        replace(record(4, 1, 9), state="running"),
        record(5, 1, 6),
        replace(record(6, 1, 8), state="pruned"),
        replace(record(7, 1, 8), state="failed"),
    ]
    found = with_repeats(trials)
    assert [t.repeat_of for t in found] == [None, None, None, 1, None, 1, 1, 1]
    assert found[1].repeats == (0.4, 0.6)
    assert objective(found[1], "error") == pytest.approx(0.4)
    assert [t.number for t in pareto_front(found[1:4])] == [1, 2]
    assert with_repeats(found) == found
