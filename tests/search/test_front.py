from hypothesis import given
from hypothesis import strategies as st

from nas_tc.architecture import GAP, Architecture, Stage
from nas_tc.search import TrialRecord, pareto_front

ANY = Architecture((1, 4, 4), (Stage(1, 1, 1),), GAP, 2)
points = st.lists(st.tuples(st.integers(1, 9), st.integers(0, 9)), max_size=25)


def record(number, cost, error):
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


def dominates(one, other):
    return (
        one.complexity <= other.complexity
        and one.val_error <= other.val_error
        and (one.complexity, one.val_error) != (other.complexity, other.val_error)
    )


@given(points)
def test_the_front_is_what_nothing_dominates(drawn):
    trials = [record(number, *point) for number, point in enumerate(drawn)]
    front = pareto_front(trials)
    best = {t.number for t in trials if not any(dominates(other, t) for other in trials)}
    assert {t.number for t in front} <= best
    values = {(t.complexity, t.val_error) for t in trials if t.number in best}
    assert [(t.complexity, t.val_error) for t in front] == sorted(values)


def test_of_equals_the_first_is_kept():
    assert [t.number for t in pareto_front([record(4, 1, 5), record(2, 1, 5)])] == [2]


def test_the_last_error_counts():
    assert record(0, 1, 5).val_error == 0.5
