"""The table of measures, and what follows from a new entry in it."""

from dataclasses import replace

import pytest

from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.budget import parse_budget, resolve_budget
from nas_tc.cost import network_cost
from nas_tc.cost.measures import MEASURES, Measure, parse_measure
from nas_tc.errors import NasTcError, UnknownNameError
from nas_tc.report.tables import computed_columns
from nas_tc.study import TrialRecord, objective, pareto_front

SMALL = Architecture((3, 32, 32), parse_notation("(3,16) | 2/2 | (3,32)"), GAP, 10)


def test_a_measure_is_known_by_a_formula_or_by_the_clock():
    for name, measure in MEASURES.items():
        assert measure.name == name
        assert (measure.formula is None) == (measure.timed_pass is not None)
        assert measure.is_timed == ("device" in measure.depends_on)
        if not measure.is_timed:
            one, many = measure.of(SMALL), measure.of(SMALL, 8)
            assert isinstance(one, int)
            assert (many > one) == ("batch" in measure.depends_on)


@pytest.mark.parametrize(
    ("text", "name", "batch", "column", "label"),
    [
        ("params", "params", None, "params", "parameters"),
        (
            "complexity",
            "complexity",
            None,
            "complexity",
            "multiply-adds of the convolutions, one image",
        ),
        (
            "memory@b1",
            "memory",
            1,
            "memory_bytes",
            "bytes at the peak of a forward pass of 1 image",
        ),
        (
            "train_memory@b128",
            "train_memory",
            128,
            "train_memory_bytes@b128",
            "bytes at the peak of a training step of 128 images",
        ),
        ("latency", "latency", None, "latency_ms", "forward pass, ms"),
        ("latency@b8", "latency", 8, "latency_ms@b8", "forward pass of 8 images, ms"),
        (
            "train_step@b1",
            "train_step",
            1,
            "train_step_ms@b1",
            "training step of 1 image, ms",
        ),
    ],
)
def test_names_columns_and_labels(text, name, batch, column, label):
    measure, found = parse_measure(text)
    assert (measure.name, found) == (name, batch)
    assert measure.column(batch) == column
    assert measure.axis_label(batch) == label
    assert parse_measure(measure.at_batch(batch))[0] is measure


@pytest.mark.parametrize(
    ("text", "error", "complaint"),
    [
        ("memry", UnknownNameError, "did you mean 'memory'"),
        ("params@b8", NasTcError, "params does not depend on the batch; write 'params'"),
        ("memory@b0", NasTcError, "at least one image"),
        ("memory@8", UnknownNameError, "unknown measure 'memory@8'"),
        ("", UnknownNameError, "unknown measure ''"),
    ],
)
def test_names_that_are_refused(text, error, complaint):
    with pytest.raises(error, match=complaint):
        parse_measure(text)


def test_one_entry_is_all_that_a_new_measure_needs(monkeypatch):
    weights = Measure(
        name="weights",
        quantity=MEASURES["memory"].quantity,
        label="bytes of the parameters in int8",
        formula=lambda architecture, _: network_cost(architecture).params,
    )
    monkeypatch.setitem(MEASURES, "weights", weights)
    limit = resolve_budget(parse_budget("weights<=256KiB, weights<=lenet5@32"), SMALL.input)
    absolute, relative = limit.caps
    assert str(absolute) == "262,144 bytes of the parameters in int8"
    assert relative.most == 61_706
    assert absolute.amount(5) == "5B"
    assert limit.broken_by(SMALL) is None
    wide = replace(SMALL, stages=parse_notation("(3,256)x2"))
    assert limit.broken_by(wide) is absolute
    with pytest.raises(NasTcError, match="weights does not depend on the batch"):
        parse_budget("weights<=1kB@b2")
    trials = [
        TrialRecord(number, "complete", network, 1, 1, {}, {1: 0.5}, None, None, None)
        for number, network in enumerate((wide, SMALL))
    ]
    assert objective(trials[1], "weights") == network_cost(SMALL).params
    assert [t.number for t in pareto_front(trials, ("error", "weights"))] == [1]
    assert computed_columns(("error", "weights")) == {"weights": "weights_bytes"}
