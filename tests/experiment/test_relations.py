"""Which replacement leads where: the paper's figures, and the picture of them."""

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.experiment import entrants, load_experiment, parse_experiment, relations
from nas_tc.experiment.graph_layout import layout
from nas_tc.experiment.networks import Entrant
from nas_tc.experiment.relations import Relation

# He & Sun (2015), Figures 1 to 3 and sections 4.4 to 4.6.
PAPER = {
    "depth-filter": {
        ("A", "B", "depth-filter", "three 3x3 -> six 2x2, stage 3"),
        ("A", "C", "depth-filter", "one 5x5 -> two 3x3, stage 2"),
        ("B", "D", "depth-filter", "one 5x5 -> two 3x3, stage 2"),
        ("B", "E", "depth-filter", "one 5x5 -> four 2x2, stage 2"),
        ("C", "D", "depth-filter", "three 3x3 -> six 2x2, stage 3"),
    },
    "depth-width": {
        ("A", "F", "depth-width", "three 3x3 -> six 3x3, stage 3"),
        ("A", "G", "depth-width", "three 3x3 -> nine 3x3, stage 3"),
        ("F", "G", "depth-width", "six 3x3 -> nine 3x3, stage 3"),
        ("C", "H", "depth-width", "two 3x3 -> four 3x3, stage 2"),
        ("D", "I", "depth-width", "two 3x3 -> four 3x3, stage 2"),
    },
    "width-filter": {
        ("B", "F", "width-filter", "six 2x2 -> six 3x3, stage 3"),
        ("E", "I", "width-filter", "four 2x2 -> four 3x3, stage 2"),
    },
    "pooling": {("E", "J", "pooling", "2/2 pooling before two 2x2, stage 3")},
    "delayed": {
        ("B", "B'", "delay", "strides 2, 2 from pooling to convolution, stages 1 and 2"),
        ("J", "J'", "delay", "strides 2, 2, 2 from pooling to convolution, stages 1, 2 and 3"),
    },
    "deeper": {
        ("D", "D+2", "depth", "two more 2x2, stage 3"),
        ("D+6", "D+8", "depth", "two more 2x2, stage 3"),
        ("P+8", "R+8", "block", "plain -> basic"),
        ("R", "R+4", "depth", "four more 3x3, stage 3"),
    },
    "nin": {
        ("B", "B-nin", "block", "plain -> plain[nin]"),
        ("B-nin", "B-nin-narrow", "width", "52 -> 45 filters, stage 3"),
    },
}


def steps(found):
    return {(each.first, each.second, each.kind, each.change) for each in relations(found)}


@pytest.mark.parametrize("name", PAPER)
def test_the_steps_of_the_paper(name):
    found = entrants(load_experiment(name), 3, 10)
    assert steps(found) >= PAPER[name]


def test_only_neighbours_in_depth_are_related():
    found = steps(entrants(load_experiment("deeper"), 3, 10))
    deeper = {(first, second) for first, second, kind, _ in found if kind == "depth"}
    assert ("D", "D+4") not in deeper
    assert len([pair for pair in deeper if pair[0].startswith("D")]) == 4


def test_what_is_not_a_step():
    text = (
        '[[network]]\nname = "A"\nnetwork = "(3,16) | 2/2 | (3,32)x3"\n'
        '[[network]]\nname = "N"\nnetwork = "(3,16) | 2/2 | (3,32)x3"\nnorm = "none"\n'
        '[[network]]\nname = "S"\nnetwork = "(3,16) | 2/2 | (3,32)x3"\nresolution = 24\n'
        '[[network]]\nname = "T"\nnetwork = "(3,16) | 2/2 | (3,32)x3"\nactivation = "tanh"\n'
        '[[network]]\nname = "H"\nnetwork = "(3,16) | 2/2 | (3,32)x3"\nhead = "gap[64]"\n'
        '[[network]]\nname = "Q"\nnetwork = "(5,9)x7"\n'
    )
    found = entrants(parse_experiment(text, "mine", "mine.toml"), 3, 10)
    assert steps(found) == {
        ("A", "N", "norm", "norm batch -> none"),
        ("A", "S", "resolution", "32x32 -> 24x24 images"),
        ("A", "T", "activation", "relu -> tanh"),
        ("A", "H", "head", "head gap -> gap[64]"),
    }


def test_heads_of_one_name_are_told_apart_by_their_drop_out():
    network = Architecture((3, 32, 32), parse_notation("(3,16) | 2/2 | (3,32)x3"), GAP, 10)
    dropped = replace(network, head=replace(GAP, dropout=0.5))
    pair = [Entrant(name, each, 1) for name, each in (("A", network), ("D", dropped))]
    assert [each.change for each in relations(pair)] == [
        "head gap with drop-out 0 -> gap with drop-out 0.5"
    ]


NAMES = tuple("ABCDEFGH")


@given(
    st.lists(st.sampled_from(list(combinations(NAMES, 2))), min_size=1, max_size=12, unique=True),
    st.randoms(use_true_random=False),
)
def test_no_two_parts_of_a_graph_have_one_place(pairs, random):
    pairs = [pair if random.random() < 0.5 else pair[::-1] for pair in pairs]
    drawn = [Relation(first, second, "depth", "") for first, second in pairs]
    found = layout(NAMES, drawn)
    passed = [place for route in found.routes for place in route[1:-1]]
    places = [*found.networks.values(), *passed]
    assert len(set(places)) == len(places)
    for step, route in zip(drawn, found.routes, strict=True):
        assert (route[0], route[-1]) == (found.networks[step.first], found.networks[step.second])
        columns = [x for x, _ in route]
        assert columns in (
            list(range(columns[0], columns[-1] + 1)),
            list(range(columns[0], columns[-1] - 1, -1)),
        )
