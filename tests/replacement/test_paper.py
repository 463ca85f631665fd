"""The steps of He & Sun (2015), section 4: each is one replacement."""

import pytest

from nas_tc.architecture import format_notation
from nas_tc.replacement import TOLERANCE, replacements
from nas_tc.zoo import ZOO

# The figures are pictures; what they relate is in the text around Eqn. (3) to (11). The last
# column is the ratio of the complexities that Table 1 prints, to two digits each.
FIGURE_1 = [
    ("A", "B", "depth-filter", "three 3x3 -> six 2x2", (3,), 0.96 / 1),  # Eqn. (3)
    ("A", "C", "depth-filter", "one 5x5 -> two 3x3", (2,), 1.02 / 1),  # Eqn. (4)
    ("B", "D", "depth-filter", "one 5x5 -> two 3x3", (2,), 0.98 / 0.96),  # Eqn. (4)
    ("B", "E", "depth-filter", "one 5x5 -> four 2x2", (2,), 0.99 / 0.96),  # Eqn. (5)
    ("C", "D", "depth-filter", "three 3x3 -> six 2x2", (3,), 0.98 / 1.02),
    ("D", "E", "depth-filter", "two 3x3 -> four 2x2", (2,), 0.99 / 0.98),
    ("C", "E", "depth-filter", "five 3x3 -> ten 2x2", (2, 3), 0.99 / 1.02),
]


FIGURE_2 = [
    ("A", "F", "depth-width", "three 3x3 of 256 -> six 3x3 of 160", (3,), 1.0),  # Eqn. (6)
    ("A", "G", "depth-width", "three 3x3 of 256 -> nine 3x3 of 128", (3,), 1.0),  # Eqn. (7)
    ("F", "G", "depth-width", "six 3x3 of 160 -> nine 3x3 of 128", (3,), 1.0),
    ("C", "H", "depth-width", "two 3x3 of 128 -> four 3x3 of 64", (2,), 0.97 / 1.02),  # Eqn. (8)
    ("D", "I", "depth-width", "two 3x3 of 128 -> four 3x3 of 64", (2,), 0.93 / 0.98),  # Eqn. (8)
    ("H", "I", "depth-filter", "three 3x3 -> six 2x2", (3,), 0.93 / 0.97),
]


FIGURE_3 = [
    ("B", "F", "width-filter", "six 2x2 of 256 -> six 3x3 of 160", (3,), 1 / 0.96),  # Eqn. (9)
    ("I", "E", "width-filter", "four 3x3 of 64 -> four 2x2 of 128", (2,), 0.99 / 0.93),  # Eqn. (10)
    ("E", "I", "width-filter", "four 2x2 of 128 -> four 3x3 of 64", (2,), 0.93 / 0.99),
]


SECTIONS_4_5_AND_4_6 = [
    ("E", "J", "pooling", "3/3 pooling before two 2x2 of 256 -> of 2304", (3,), 0.98 / 0.99),
    ("B", "B'", "delay", "strides 3, 2 from pooling to convolution", (1, 2), 1.0),
    ("D", "D'", "delay", "strides 3, 2 from pooling to convolution", (1, 2), 1.0),
    ("E", "E'", "delay", "strides 3, 2 from pooling to convolution", (1, 2), 1.0),
    ("J", "J'", "delay", "strides 3, 2, 3 from pooling to convolution", (1, 2, 3), 1.0),
]


STEPS = FIGURE_1 + FIGURE_2 + FIGURE_3 + SECTIONS_4_5_AND_4_6


def step(begin, end):
    """The replacements that lead from one network of the zoo to another."""
    goal = ZOO[end].architecture
    return [each for each in replacements(ZOO[begin].architecture) if each.architecture == goal]


@pytest.mark.parametrize(("begin", "end", "trade_off", "change", "stages", "printed"), STEPS)
def test_a_step_of_the_paper_is_one_replacement(begin, end, trade_off, change, stages, printed):
    (found,) = step(begin, end)
    assert (found.trade_off, found.change, found.stages) == (trade_off, change, stages)
    assert found.ratio == pytest.approx(printed, abs=0.016)  # two figures of two digits


@pytest.mark.parametrize(("begin", "end"), [(each[0], each[1]) for each in STEPS])
def test_every_step_leads_back(begin, end):
    (there,), (back,) = step(begin, end), step(end, begin)
    assert there.trade_off == back.trade_off
    assert there.ratio * back.ratio == pytest.approx(1)


def test_from_the_baseline_every_network_of_tables_1_and_2_is_reached():
    named = {ZOO[name].architecture: name for name in [*"ABCDEFGHIJ", "B'", "D'", "E'", "J'"]}
    reached = {"A": 0}
    frontier = ["A"]
    for name in frontier:
        for each in replacements(ZOO[name].architecture):
            there = named.get(each.architecture)
            if there is not None and there not in reached:
                reached[there] = reached[name] + 1
                frontier.append(there)
    assert reached == {
        **{"A": 0, "B": 1, "C": 1, "D": 2, "E": 2, "F": 1, "G": 1, "H": 2, "I": 3, "J": 3},
        **{"B'": 2, "D'": 3, "E'": 3, "J'": 4},
    }


def test_the_widest_step_sets_the_tolerance():
    ratios = {(begin, end): step(begin, end)[0].ratio for begin, end, *_ in STEPS}
    widest = max(ratios, key=lambda each: max(ratios[each], 1 / ratios[each]))
    assert widest == ("I", "E")
    assert 1.06 < ratios[widest] < 1 + TOLERANCE


def test_equations_that_the_paper_writes_with_an_equals_sign_need_no_tolerance():
    def exact(kind):  # what stands behind A's second pooling
        found = replacements(ZOO["A"].architecture, tolerance=0, kinds=[kind])
        return {
            format_notation(each.architecture.stages).split(" | 2/2 | ", 1)[1] for each in found
        }

    assert exact("depth-width") == {"(3,160)x5+(3,256)", "(3,128)x8+(3,256)"}  # Eqn. (6), (7)
    assert exact("pooling") == {  # Eqn. (11), with 3x3 filters, which keep the map
        "(3,256) | 2/2 | (3,1024)+(3,256)",
        "(3,256) | 3/3 | (3,2304)+(3,256)",
    }
