"""A limit on a time, in milliseconds by a table of layer times."""

import pytest
from layer_profiles import MACHINE, SMALL, profile

from nas_tc.budget import parse_budget
from nas_tc.errors import TableError
from nas_tc.latency import PredictedLimit, TimeTable, nodes_of
from nas_tc.timing import Setting, time_limits
from nas_tc.zoo import ZOO


def predicted(expression, *known, with_reference=False):
    bounds = parse_budget(expression).times
    (limit,) = time_limits(bounds, SMALL.input, SMALL.classes, None)
    table = TimeTable(MACHINE)
    for each in (*known, *([limit.reference] if with_reference else [])):
        table.of(Setting()).add(each, profile(each))
    return PredictedLimit.by(table, limit, bounds[0])


def test_a_limit_in_milliseconds():
    found = predicted("latency in 2ms..9ms", SMALL)
    assert (found.least, found.most, found.reference_ms) == (2.0, 9.0, None)
    assert found.of(SMALL) == pytest.approx(6.0)  # a millisecond a layer
    assert [found.admits(ms) for ms in (1.9, 2.0, 9.0, 9.1)] == [False, True, True, False]
    assert (found.amount(1.2341), found.amount(1.2341, up=False)) == ("1.24ms", "1.23ms")
    assert str(found) == "2 to 9 ms"


def test_a_limit_by_a_reference_is_in_its_predicted_milliseconds():
    found = predicted("latency<=alexnet@64*0.5", with_reference=True)
    layers = len(nodes_of(ZOO["alexnet"].architecture))  # a millisecond each
    assert (found.most, found.reference_ms) == (pytest.approx(layers / 2), pytest.approx(layers))
    assert found.amount(layers / 4) == "alexnet@64*0.25"
    assert f"alexnet takes {layers} ms" in str(found)


def test_a_table_without_times_is_refused():
    with pytest.raises(TableError, match="has no times of a forward pass of 1 image in fp32"):
        predicted("latency<=9ms")


def test_layers_like_none_in_the_table_are_predicted_by_their_work():
    found = predicted("latency<=(7,64)*0.5", SMALL)
    assert found.most == pytest.approx(found.reference_ms / 2)
    large = SMALL.at((3, 512, 512))
    assert found.of(large) > 10 * found.of(SMALL)
