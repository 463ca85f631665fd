"""What a budget leaves of a space, against brute force."""

from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brute_force import every_network
from nas_tc.architecture import Architecture
from nas_tc.budget import parse_budget, resolve_budget
from nas_tc.cost.measures import MEASURES, parse_measure
from nas_tc.errors import NasTcError
from nas_tc.search.network_sampler import network_sampler
from nas_tc.search.plan import describe_fit
from nas_tc.space import fitting, load_space, parse_space, refusal
from nas_tc.space.nearest import nearest_network
from strategies import spaces

PLAIN = load_space("plain-32")
SMALL = """
input = [1, 12, 12]
[[stage]]
depth = [1, 2]
width = [4, 8]
filter = [3, 5]
pool = ["2/2", "3/1"]
[[stage]]
depth = [1, 2, 3]
width = [4, 8]
last_width = [4, 16]
filter = [2, 3]
stride = [1, 2]
"""


def limit_of(expression, space):
    return resolve_budget(parse_budget(expression), space.input, space.classes)


@settings(max_examples=25)
@given(spaces().filter(lambda space: space.settings <= 200))
def test_a_small_space_is_counted_exactly(space):
    networks = set(every_network(space))
    if not networks:
        return
    params = sorted(MEASURES["params"].of(each) for each in networks)
    middle = params[len(params) // 2]
    share = fitting(space, limit_of(f"params<={middle}, complexity<=2k", space))
    assert share.is_all
    assert share.networks == len(networks)
    by_measure = {row.cap.bound.measure: row for row in share.caps}
    row = by_measure["params"]
    assert (row.smallest, row.median, row.largest) == (params[0], middle, params[-1])
    assert row.fit == sum(each <= middle for each in params)
    assert share.fit == sum(
        MEASURES["params"].of(each) <= middle and MEASURES["complexity"].of(each) <= 2000
        for each in networks
    )


@settings(max_examples=25, deadline=None)
@given(
    spaces().filter(lambda space: 20 < space.settings <= 300),
    st.sampled_from([0, 1, 2]),
    st.integers(0, 2**32 - 1),
    st.booleans(),
)
def test_nothing_is_refused_that_something_fits(space, which, seed, is_tight):
    """Also where lists are not made: limits near one network, or just below all."""
    networks = sorted(set(every_network(space)), key=lambda each: each.to_json())
    if not networks:
        return
    random = np.random.default_rng(seed)
    near = networks[random.integers(len(networks))]
    names = (["memory@b4"], ["params", "memory@b1"], ["complexity", "train_memory@b8", "memory@b2"])
    expression = ", ".join(_limit_near(near, name, is_tight) for name in names[which])
    limit = limit_of(expression, space)
    within = [each for each in networks if limit.broken_by(each) is None]
    assert within or is_tight
    with (
        mock.patch("nas_tc.space.share._DRAWS", 4),
        mock.patch("nas_tc.search.network_sampler._LISTED", 0),
    ):
        if refusal(space, limit) is not None:
            assert not within
        share = fitting(space, limit)
        if share.is_proven:
            assert not within
        if share.found is not None:
            assert share.found in within
        told, drawn = "", set[Architecture]()
        try:
            genes = network_sampler(space, limit, 0)._constraints.draws.draw(3, random)
            drawn = {space.decode(each) for each in genes}
        except NasTcError as error:
            told = str(error)
    assert drawn <= set(within)
    assert not within or drawn or "no proof" in told


def _limit_near(network, name, is_tight):
    measure, batch = parse_measure(name)
    amount = measure.of(network, batch or 1) - is_tight
    at = "" if batch is None else f"@b{batch}"
    return f"{measure.name}<={amount}{measure.quantity.suffix}{at}"


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
    again = fitting(PLAIN, limit_of(f"{nearest}, memory<=64MiB", PLAIN))
    assert again.nearest is None
    assert MEASURES["params"].of(again.found) == again.caps[0].cap.most


@pytest.mark.parametrize(
    ("expression", "needs"),
    [("memory<=1kB@b4", "memory<="), ("complexity in 1T..2T", "complexity in ")],
)
def test_the_nearest_budget_is_written_as_one(expression, needs):
    nearest = fitting(PLAIN, limit_of(expression, PLAIN)).nearest.rpartition("needs ")[2]
    assert nearest.startswith(needs)
    again = fitting(PLAIN, limit_of(nearest, PLAIN))
    assert again.nearest is None
    assert again.fit or limit_of(nearest, PLAIN).broken_by(again.found) is None


def test_what_no_draw_has_found_is_not_refused():
    """A few networks of the space are so small, and none of the 2000 that are drawn."""
    limit = limit_of("params<=10300, complexity<=1M", PLAIN)
    share = fitting(PLAIN, limit)
    assert (share.fit, share.nearest) == (0, None)
    assert limit.broken_by(share.found) is None
    assert describe_fit(PLAIN, limit).endswith("hardly any network fits, and none of the sample")


def test_the_fewest_parameters_of_a_space_are_found_from_anywhere():
    space = parse_space(SMALL, "small", "small.toml")
    networks = sorted(set(every_network(space)), key=MEASURES["params"].of)
    fewest = MEASURES["params"].of(networks[0])
    exact = limit_of(f"params<={fewest}", space).caps
    for start in networks[-50:]:
        found, is_within = nearest_network(space, exact, [start])
        assert is_within
        assert MEASURES["params"].of(found) == fewest
    below = limit_of(f"params<={fewest - 1}", space).caps
    found, is_within = nearest_network(space, below, networks[-5:])
    assert not is_within
    assert MEASURES["params"].of(found) == fewest
