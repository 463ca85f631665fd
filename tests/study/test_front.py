from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_tc.cost import inference_bytes, training_memory
from nas_tc.errors import NasTcError
from nas_tc.study import check_objectives, objective, pareto_front
from nas_tc.study.front import near_front
from trial_records import ANY, record

points = st.lists(st.tuples(st.integers(1, 9), st.integers(0, 9)), max_size=25)


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


@given(points, st.integers(1, 4))
def test_layers_of_the_front_are_peeled_off_one_by_one(drawn, layers):
    trials = [record(number, *point) for number, point in enumerate(drawn)]
    near = near_front(trials, ("error", "complexity"), layers)
    assert near[: len(pareto_front(trials))] == pareto_front(trials)
    assert len({t.number for t in near}) == len(near)
    rest = [t for t in trials if t not in near]
    assert near + near_front(rest, ("error", "complexity"), 1) == near_front(
        trials, ("error", "complexity"), layers + 1
    )


def test_of_equals_the_first_is_kept():
    assert [t.number for t in pareto_front([record(4, 1, 5), record(2, 1, 5)])] == [2]


def test_the_last_error_counts():
    assert record(0, 1, 5).val_error == 0.5


@given(
    st.lists(
        st.tuples(*[st.integers(0, 4)] * 3, st.none() | st.integers(1, 4)), min_size=1, max_size=25
    )
)
def test_a_front_of_several_costs_is_what_nothing_dominates(drawn):
    trials = [
        replace(
            record(number, cost, error),
            params=params,
            times={} if ms is None else {"latency@b8": {"ms": ms}},
        )
        for number, (cost, error, params, ms) in enumerate(drawn)
    ]
    names = ("error", "complexity", "params", "latency")
    front = pareto_front(trials, names)

    def values(trial):
        return tuple(objective(trial, name) for name in names)

    known = [trial for trial in trials if trial.times]
    best = {
        values(t)
        for t in known
        if not any(
            values(o) != values(t)
            and all(a <= b for a, b in zip(values(o), values(t), strict=True))
            for o in known
        )
    }
    assert sorted(map(values, front)) == sorted(best)


def test_objectives_that_make_no_front():
    trials = [replace(record(0, 1, 5), times={"train_step@b8": {"ms": 2.0}})]
    assert objective(trials[0], "train_step") == objective(trials[0], "train_step@b8") == 2.0
    check_objectives(("error", "train_step", "memory"), trials)
    for names, complaint in [
        (("error",), "one cost or more"),
        (("complexity", "params"), "objectives are the error"),
        (("error", "params", "params"), "each once"),
        (("error", "parms"), "did you mean 'params'"),
        (("error", "latency"), "the study holds no latency"),
    ]:
        with pytest.raises(NasTcError, match=complaint):
            check_objectives(names, trials)


def test_objectives_by_formula_at_a_batch():
    trial = record(0, 1, 5)
    assert objective(trial, "memory") == objective(trial, "memory@b1") == inference_bytes(ANY)
    assert objective(trial, "memory@b8") == inference_bytes(ANY, 8)
    assert objective(trial, "train_memory@b8") == training_memory(ANY, 8).peak_bytes
    check_objectives(("error", "train_memory@b8", "train_memory@b16"), [trial])
    for names, complaint in [
        (("error", "train_memory"), "train_memory needs its batch, as in 'train_memory@b128'"),
        (("error", "params@b8"), "params does not depend on the batch"),
        (("error", "memory@b0"), "at least one image"),
        (("error", "memry@b8"), "did you mean 'memory'"),
    ]:
        for trials in ([trial], []):
            with pytest.raises(NasTcError, match=complaint):
                check_objectives(names, trials)


def test_one_image_can_be_written_out():
    trial = replace(record(0, 1, 5), times={"latency@b8": {"ms": 8.0}, "latency": {"ms": 1.0}})
    assert objective(trial, "latency@b1") == 1.0
    assert objective(trial, "latency") == 1.0
    assert objective(replace(trial, times={"latency@b8": {"ms": 8.0}}), "latency@b1") is None
