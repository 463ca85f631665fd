"""Networks within several limits at once, against lists of every network."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from brute_force import every_network
from nas_tc.budget import parse_budget, resolve_budget
from nas_tc.space import Joint, load_space, parse_space
from strategies import spaces

SMALL = """
input = [3, 16, 16]
resolution = [12, 16]
[[stage]]
depth = [1, 2]
width = [4, 8]
filter = [3]
pool = ["2/2", "none"]
[[stage]]
block = ["plain", "inverted[2]", "basic"]
depth = [0, 1, 2]
width = [4, 8, 12]
filter = [3]
"""


def limit_of(expression, space):
    return resolve_budget(parse_budget(expression), space.input, space.classes)


@settings(max_examples=40)
@given(
    spaces().filter(lambda space: space.settings <= 300),
    st.integers(1, 20_000),
    st.integers(1, 400),
    st.integers(1, 40),
)
def test_no_network_within_the_limits_is_left_out(space, macs, params, kilobytes):
    limit = limit_of(
        f"complexity in {macs // 3 + 1}..{macs}, params<={params}, "
        f"memory<={kilobytes}kB, train_memory<={kilobytes * 40}kB@b8, "
        f"weights<={kilobytes}kB@int8, memory<={kilobytes * 20}B@int8",
        space,
    )
    within = {each for each in every_network(space) if limit.broken_by(each) is None}
    joint = Joint(space, limit.caps)
    rows = joint.all()
    assert {space.decode(values) for values in space.values(rows.tolist())} == within
    assert len(rows) == len(within) <= joint.count


@settings(max_examples=15)
@given(
    spaces().filter(lambda space: space.settings <= 200),
    st.sampled_from(["memory<={}B@int8", "memory<={}B", "train_memory<={}B@b4"]),
    st.floats(0, 1),
)
def test_a_limit_on_memory_leaves_just_the_networks_within_it(space, text, place):
    networks = every_network(space)
    assume(networks)
    (of_one,) = limit_of(text.format(10**9), space).caps
    sizes = sorted(of_one.of(each) for each in networks)
    most = sizes[int(place * (len(sizes) - 1))]
    joint = Joint(space, limit_of(text.format(most), space).caps)
    rows = joint.all()
    assert len(rows) == sum(size <= most for size in sizes)
    assert {space.decode(each) for each in space.values(rows.tolist())} == {
        each for each in networks if of_one.of(each) <= most
    }
    if "int8" in text and not any(0 in stage.depth for stage in space.stages):
        assert joint.count == len(
            rows
        )  # nothing is drawn in vain, and what nothing keeps is proved
        assert Joint(space, limit_of(text.format(sizes[0] - 1), space).caps).count == 0


def test_draws_are_uniform():
    space = parse_space(SMALL, "small", "small.toml")
    limit = limit_of("complexity in 50k..250k, params<=1500, memory<=5kB@int8", space)
    within = [each for each in every_network(space) if limit.broken_by(each) is None]
    assert len(within) > 20
    drawn = Joint(space, limit.caps).draw(200 * len(within), np.random.default_rng(0))
    times = Counter(space.decode(values) for values in space.values(drawn.tolist()))
    assert times.keys() == set(within)
    assert chisquare(list(times.values())).pvalue > 0.01


@pytest.mark.parametrize(
    ("name", "expression"),
    [
        ("plain-32", "complexity in 20M..30M, params<=30k"),  # most such networks are small
        ("mixed-32", "alexnet*0.6, params<=20k, train_memory<=60MB@b128"),
        ("tiny-96", "weights<=48KiB@int8, memory<=32KiB@int8"),
    ],
)
def test_where_hardly_any_network_fits_many_draws_do(name, expression):
    space = load_space(name)
    limit = limit_of(expression, space)
    drawn = Joint(space, limit.caps).draw(300, np.random.default_rng(0))
    fitting = sum(
        limit.broken_by(space.decode(each)) is None for each in space.values(drawn.tolist())
    )
    assert fitting == len(drawn) >= 5


def test_limits_that_nothing_keeps_are_proved_to_be_so():
    space = load_space("plain-32")
    assert Joint(space, limit_of("complexity in 200M..300M, params<=25k", space).caps).count == 0
    assert Joint(space, limit_of("params<=100", space).caps).count == 0
    tiny = load_space("tiny-96")
    assert Joint(tiny, limit_of("memory<=8KiB@int8", tiny).caps).count > 0
    assert Joint(tiny, limit_of("memory<=7KiB@int8", tiny).caps).count == 0
    assert Joint(tiny, limit_of("weights<=16KiB@int8, memory<=7KiB@int8", tiny).caps).count == 0
