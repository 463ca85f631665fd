"""The family tree and the words of its steps."""

from dataclasses import replace
from itertools import zip_longest

import pytest

from made_up_trials import with_trials
from nas_tc.architecture import GAP, Architecture, head_named, parse_notation
from nas_tc.cost import complexity
from nas_tc.replacement import replacements
from nas_tc.report import family_tree, recommended
from nas_tc.report.change import _FIELDS, change, distances
from nas_tc.zoo import find_network


def distance(one, other):
    """The distance of two networks, field by field."""
    total = 0
    for a, b in zip_longest(one.stages, other.stages):
        if a is None or b is None:
            total += 3
        elif a != b:
            total += sum(getattr(a, field) != getattr(b, field) for field in _FIELDS)
    rest = ("input", "head", "norm")
    return total + sum(getattr(one, field) != getattr(other, field) for field in rest)


def network(notation):
    return Architecture((1, 32, 32), parse_notation(notation), GAP, 10)


BASE = "(3,16)/2+(3,16) | 2/2 | (3,32)x2"


def members(tree):
    for member in tree:
        yield member
        yield from members(member.children)


@pytest.mark.parametrize(
    ("other", "text", "kind"),
    [
        ("(3,16)/2 | 2/2 | (3,32)x2", "stage 1: two 3x3 of 16 → one 3x3 of 16", "shallower"),
        ("(3,16)/2+(3,16) | 3/2 | (3,32)x2", "stage 1: pooling 2/2 → pooling 3/2", "other pooling"),
        (
            "(3,16)/2+(3,16) | 2/2 | (2,32)+(2,48)",
            "stage 2: two 3x3 of 32 → one 2x2 of 32 and one of 48",
            "wider, smaller filters",
        ),
        ("(3,16)x2 | 2/2 | (3,32)x2", "stage 1: stride 2 → 1", "later subsampling"),
        (
            "(3,16)/2+(3,16)",
            "stage 1: pooling 2/2 → no pooling; stage 2 left out",
            "shallower, narrower",
        ),
    ],
)
def test_a_change_in_words(other, text, kind):
    found = change(network(BASE), network(other), 0.8)
    assert found.text.startswith(text)
    assert found.kind.startswith(kind)


def test_every_replacement_of_the_paper_is_a_change_at_equal_cost():
    one = network("(5,32)x2 | 2/2 | (3,64)x2 | 2/2 | (3,96)x3")
    for each in replacements(one):
        found = change(one, each.architecture, each.ratio)
        assert found.text
        assert found.kind.endswith(" at equal cost")
        assert distance(one, each.architecture) > 0


def test_other_images_and_another_head_are_changes():
    one = network(BASE)
    other = replace(one.at((1, 24, 24)), head=head_named("gap[256]"))
    found = change(one, other, 0.8)
    assert found.text == "images 32x32 → 24x24; head gap → gap[256]"
    assert found.kind == "smaller images, another head"
    assert distance(one, other) == 2


def test_no_change_has_no_words():
    found = change(network(BASE), network(BASE), 1.0)
    assert (found.text, found.kind, distance(network(BASE), network(BASE))) == ("", "", 0)


def test_a_network_descends_from_the_one_most_like_it_before_it(study):
    first = study.trials[0]
    notations = (BASE, "(5,48)x3 | 3/2 | (2,96)x4", "(3,16)/2+(3,16) | 2/2 | (2,32)x2")
    trials = tuple(
        replace(
            first,
            number=number,
            architecture=network(notation),
            complexity=complexity(network(notation)),
            val_errors={2: error},
        )
        for number, (notation, error) in enumerate(zip(notations, (0.5, 0.1, 0.2), strict=True))
    )
    record = replace(study, trials=trials)
    families = family_tree(record, recommended(record))
    assert [each.trial.number for each in families] == [0, 1]
    (child,) = families[0].children
    assert child.trial.number == 2
    assert child.gain == pytest.approx(30)
    assert child.verdict == "better"
    assert child.change.ratio == pytest.approx(trials[2].complexity / trials[0].complexity)
    assert 1 < child.within < 10  # 359 validation images
    worse = replace(record, trials=(replace(trials[0], val_errors={2: 0.19}), *trials[1:]))
    assert family_tree(worse, None)[0].children[0].verdict == "open"


def test_each_network_is_once_in_the_tree_below_an_earlier_one(study):
    record = with_trials(study, 60)
    tree = family_tree(record, None)
    numbers = [member.trial.number for member in members(tree)]
    assert sorted(numbers) == [trial.number for trial in record.complete]
    for member in members(tree):
        assert all(child.trial.number > member.trial.number for child in member.children)


def test_a_large_study_shows_its_front_and_its_ancestors(study):
    record = with_trials(study, 120)
    numbers = {member.trial.number for member in members(family_tree(record, None))}
    assert {trial.number for trial in record.front} <= numbers
    assert len(numbers) < len(record.complete)


def test_distances_at_once_are_those_of_pairs(study):
    networks = [trial.architecture for trial in with_trials(study, 30).trials]
    networks += [find_network(name) for name in ("J", "A", "vgg16", "alexnet")]
    far = distances(networks)
    for place, network in enumerate(networks):
        assert far(place).tolist() == [distance(each, network) for each in networks[:place]]
