"""What a budget leaves of a space, against brute force."""

import pytest
from hypothesis import given, settings

from brute_force import every_network
from nas_tc.budget import measured, parse_budget, resolve_budget
from nas_tc.space import fitting, load_space
from strategies import spaces

PLAIN = load_space("plain-32")


def limit_of(expression, space):
    return resolve_budget(parse_budget(expression), space.input, space.classes)


@settings(max_examples=25)
@given(spaces().filter(lambda space: space.settings <= 200))
def test_a_small_space_is_counted_exactly(space):
    networks = set(every_network(space))
    if not networks:
        return
    params = sorted(measured("params", each) for each in networks)
    middle = params[len(params) // 2]
    share = fitting(space, limit_of(f"params<={middle}, complexity<=2k", space))
    assert share.is_all
    assert share.networks == len(networks)
    by_measure = {row.cap.bound.measure: row for row in share.caps}
    row = by_measure["params"]
    assert (row.smallest, row.median, row.largest) == (params[0], middle, params[-1])
    assert row.fit == sum(each <= middle for each in params)
    assert share.fit == sum(
        measured("params", each) <= middle and measured("complexity", each) <= 2000
        for each in networks
    )


def test_the_binding_limit_leaves_the_fewest():
    share = fitting(PLAIN, limit_of("params<=10M, memory<=256KiB", PLAIN))
    assert share.binding.bound.text == "memory<=256KiB"
    assert 0 < share.fit < share.networks / 10
    assert not share.is_all


def test_what_does_not_bind():
    assert fitting(PLAIN, limit_of("params<=1G", PLAIN)).binding is None


def test_the_nearest_budget_is_one_that_something_fits():
    share = fitting(PLAIN, limit_of("params<=100, memory<=64MiB", PLAIN))
    assert share.fit == 0
    nearest = share.nearest.rpartition("needs ")[2]
    assert nearest.startswith("params<=")
    assert fitting(PLAIN, limit_of(f"{nearest}, memory<=64MiB", PLAIN)).fit > 0


@pytest.mark.parametrize(
    ("expression", "needs"),
    [("memory<=1kB@b4", "memory<="), ("complexity in 1T..2T", "complexity in ")],
)
def test_the_nearest_budget_is_written_as_one(expression, needs):
    nearest = fitting(PLAIN, limit_of(expression, PLAIN)).nearest.rpartition("needs ")[2]
    assert nearest.startswith(needs)
    assert fitting(PLAIN, limit_of(nearest, PLAIN)).fit > 0
