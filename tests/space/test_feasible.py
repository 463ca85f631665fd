"""Counting and drawing within a budget, against lists of every network."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from brute_force import every_network
from nas_tc.cost import complexity
from nas_tc.errors import SpaceError
from nas_tc.space import (
    Feasible,
    count_networks,
    extreme_network,
    load_space,
    parse_space,
)
from nas_tc.space.paths import Paths
from strategies import spaces

SMALL = """
input = [3, 16, 16]
[[stage]]
depth = [1, 2]
width = [4, 8]
last_width = [4, 6]
filter = [3]
pool = ["2/2", "none"]
[[stage]]
depth = [0, 1, 2]
width = [4, 8]
filter = [2, 3]
stride = [1, 2]
"""


@settings(max_examples=60)
@given(spaces().filter(lambda space: space.settings <= 1000), st.floats(0, 1), st.floats(0, 1))
def test_the_list_is_that_of_brute_force(space, low, high):
    networks = {each: complexity(each) for each in every_network(space)}
    most = max(networks.values(), default=1)
    least, most = sorted((int(low * most), int(high * most)))
    within = {each for each, cost in networks.items() if least <= cost <= most}
    feasible = Feasible(space, least, most)
    assert feasible.count == len(within)
    listed = feasible.values(feasible.at(np.arange(feasible.count)))
    assert len(listed) == len(within)
    assert {space.decode(values) for values in listed} == within
    for values in listed:  # genes that play no part have their first choice
        assert space.encode(space.decode(values)) == values


@pytest.mark.parametrize("name", ["plain-32", "he-sun-224"])
def test_a_range_that_leaves_nothing_out_leaves_all(name):
    space = load_space(name)
    assert Feasible(space, 0, 10**13).count == count_networks(space)


def test_the_parts_of_a_range_add_up():
    space = load_space("plain-32")
    parts = [Feasible(space, *ends).count for ends in ((0, 10**6), (10**6 + 1, 3 * 10**6))]
    assert sum(parts) == Feasible(space, 0, 3 * 10**6).count


def test_draws_are_even():
    space = parse_space(SMALL, "small", "small.toml")
    networks = [each for each in every_network(space) if 20_000 <= complexity(each) <= 200_000]
    feasible = Feasible(space, 20_000, 200_000)
    assert feasible.count == len(networks) > 30
    drawn = feasible.values(feasible.draw(100 * len(networks), np.random.default_rng(0)))
    times = Counter(space.decode(values) for values in drawn)
    assert times.keys() == set(networks)
    assert chisquare(list(times.values())).pvalue > 0.01


def test_a_coarser_unit_keeps_draws_uniform_and_bounds_the_count(monkeypatch):
    space = parse_space(SMALL, "small", "small.toml")
    networks = [each for each in every_network(space) if 20_000 <= complexity(each) <= 200_000]
    monkeypatch.setattr("nas_tc.space.feasible._LONGEST", 40)
    monkeypatch.setattr("nas_tc.space.feasible._COARSER", 2)
    feasible = Feasible(space, 20_000, 200_000)
    assert not feasible.is_exact
    assert feasible.at_least <= len(networks) <= feasible.count
    drawn = feasible.values(feasible.draw(100 * len(networks), np.random.default_rng(0)))
    times = Counter(space.decode(values) for values in drawn)
    assert times.keys() == set(networks)
    assert chisquare(list(times.values())).pvalue > 0.01


def test_more_networks_than_64_bits_count():
    stage = "[[stage]]\ndepth = [1, 2, 3, 4]\nwidth = [8, 16]\nfilter = [1, 3, 5]\n"
    space = parse_space("input = [3, 8, 8]\n" + stage * 16, "deep", "deep.toml")
    assert count_networks(space) == 24**16 > 1 << 64
    feasible = Feasible(space, 0, 10**12)
    assert feasible.is_exact
    assert feasible.count == 24**16
    settings = feasible.draw(10, np.random.default_rng(0))
    assert len(np.unique(settings, axis=0)) == 10


def test_one_network_in_a_million_is_drawn_at_once():
    space = load_space("plain-32")
    feasible = Feasible(space, 0, 110_000)
    assert 0 < feasible.count < count_networks(space) / 1_000_000
    drawn = feasible.values(feasible.draw(1000, np.random.default_rng(1)))
    assert len(drawn) == 1000  # so none of them was thrown away
    assert all(complexity(space.decode(values)) <= 110_000 for values in drawn)


def test_an_empty_range_is_told():
    with pytest.raises(SpaceError, match=r"no network .* has 1 to 2 multiply-adds"):
        Feasible(load_space("plain-32"), 1, 2).draw(1, np.random.default_rng(0))


def test_a_stage_of_too_many_choices_is_refused():
    stage = "[[stage]]\ndepth = [1, 2, 3, 4]\nwidth = [{}]\nfilter = [1, 2, 3, 5]\n"
    widths = ", ".join(map(str, range(1, 1001)))
    space = parse_space("input = [3, 32, 32]\n" + stage.format(widths) * 4, "huge", "huge.toml")
    with pytest.raises(SpaceError, match=r"stage 2 has .* give it fewer choices"):
        Feasible(space, 0, 10**12)


def test_once_a_list_is_too_long_costs_are_counted_in_few_steps(monkeypatch):
    tried = []

    def recorded(levels, least, most, longest):
        tried.append(most)
        return Paths(levels, least, most, longest)

    monkeypatch.setattr("nas_tc.space.feasible.Paths", recorded)
    monkeypatch.setattr("nas_tc.space.feasible._LONGEST", 10)
    monkeypatch.setattr("nas_tc.space.feasible._COARSER", 2)
    monkeypatch.setattr("nas_tc.space.feasible._STEPS", 64)
    space = parse_space(SMALL, "small", "small.toml")
    most = complexity(extreme_network(space, "costliest")) // 2
    feasible = Feasible(space, 0, most)
    assert tried[0] > 64 >= tried[1] > 32
    within = {each for each in every_network(space) if complexity(each) <= most}
    assert feasible.at_least <= len(within) <= feasible.count
    drawn = feasible.draw(2000, np.random.default_rng(0))
    assert {space.decode(values) for values in feasible.values(drawn)} == within
