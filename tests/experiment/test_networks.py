"""The networks of an experiment, and the check of their costs."""

from dataclasses import replace

import pytest

from handmade_study import make_study
from nas_tc.cost import complexity
from nas_tc.errors import NasTcError
from nas_tc.experiment import entrants, load_experiment, parse_experiment, shipped_experiments
from nas_tc.metric import Metric
from nas_tc.replacement import PAPER_TRADE_OFFS, replacements
from nas_tc.study import read_study

A = '[[network]]\nname = "A"\nnetwork = "(3,16) | 2/2 | (3,32)x3"\n'
BUDGET = '[budget]\nreference = "A"\ntolerance = 0.03\n'


def built(text, channels=3, classes=10):
    return entrants(parse_experiment(text, "mine", "mine.toml"), channels, classes)


@pytest.mark.parametrize("name", shipped_experiments())
def test_the_shipped_networks_cost_the_same_or_say_why_not(name):
    experiment = load_experiment(name)
    found = entrants(experiment, 3, 10)
    cost = {each.name: each.complexity for each in found}
    reference = cost[experiment.equal_cost.reference]
    assert 5_000_000 < reference < 6_000_000
    for each in found:
        assert each.complexity == complexity(each.architecture)
        equal = 1 / 1.03 <= each.complexity / reference <= 1.03
        assert equal == (each.unequal_because is None)
    # Networks of one name are one network in all files, so that trainings can be shared.
    if name != "deeper-without-norm":
        assert {each.name: each.architecture for each in found}.items() <= _all().items()


def _all():
    return {
        each.name: each.architecture
        for name in shipped_experiments()
        if name != "deeper-without-norm"
        for each in entrants(load_experiment(name), 3, 10)
    }


def test_the_images_decide_channels_and_classes():
    (found,) = built('norm = "none"\ninput = [3, 16, 16]\n' + A, channels=1, classes=4)
    assert found.architecture.input == (1, 16, 16)
    assert (found.architecture.classes, found.architecture.norm) == (4, "none")


def test_a_network_may_have_a_size_of_its_own():
    at = "input = [3, 16, 16]\n" + A
    both = at + A.replace('"A"', '"small"') + "resolution = 12\n"
    full, small = built(both)
    assert (full.architecture.input, small.architecture.input) == ((3, 16, 16), (3, 12, 12))
    assert small.complexity == complexity(full.architecture.at((3, 12, 12)))
    assert built(at + "resolution = [8, 12]\n")[0].architecture.input == (3, 8, 12)
    with pytest.raises(NasTcError, match=r"network 'small' has 891,648 .*, x0.562 of A's"):
        built(both + BUDGET)
    with pytest.raises(NasTcError, match="resolution must be a side in pixels, as in 24, or"):
        built(at + "resolution = 0\n")


def test_a_network_of_the_zoo_keeps_its_setting():
    text = '[[network]]\nname = "r"\nnetwork = "resnet18"\n'
    (found,) = built('norm = "none"\n' + text)
    assert found.architecture.norm == "batch"
    (other,) = built(text + 'norm = "none"\n')
    assert other.architecture == replace(found.architecture, norm="none")


def test_activations_are_those_of_the_entry_or_else_of_the_file_or_the_family():
    family = '[[network]]\nname = "{0}"\nfamily = "mobilenetv2"\nunequal_because = "it is small"\n'
    named = family.format("m-silu") + 'activation = "silu"\n'
    text = 'activation = "tanh"\n' + A + family.format("m") + named + BUDGET.replace("0.03", "0.2")
    plain, own, silu = (each.architecture for each in built(text))
    assert plain.activation == "tanh"
    assert own.activation != "tanh"
    assert silu == replace(own, activation="silu")


def test_a_family_is_cut_to_the_reference():
    text = '[[network]]\nname = "v"\nfamily = "vgg"\n' + A + BUDGET.replace("0.03", "0.2")
    family, reference = built(text)  # in the order of the file
    assert (family.name, reference.name) == ("v", "A")
    assert 1 / 1.2 <= family.complexity / reference.complexity <= 1.2
    assert family.origin.startswith("vgg, first width")
    with pytest.raises(NasTcError, match=r"network 'v': .*\[budget\] reference"):
        built('[[network]]\nname = "v"\nfamily = "vgg"\n' + A)


def test_the_best_of_a_study_are_its_recommended_network_and_the_next(tmp_path):
    path = tmp_path / "s.db"
    make_study(path)
    text = f'norm = "batch"\n[[network]]\nname = "mine"\nstudy = "{path}"\n'
    (found,) = built(text)
    assert found.name == "mine"
    assert found.origin == f"trial 1 of {path}"
    assert found.architecture == read_study(path).best.architecture.at((3, 32, 32), 10)
    first, second = built(text + "most = 5\n")  # two are on the front
    assert (first.name, second.name) == ("mine-1", "mine-2")
    assert first.architecture == found.architecture
    assert second.complexity < first.complexity
    with pytest.raises(NasTcError, match=r"network 'mine': .*none\.db"):
        built(text.replace("s.db", "none.db"))


def test_a_study_of_another_metric_is_refused(tmp_path):
    path = tmp_path / "s.db"
    make_study(path, metric=Metric.BALANCED_ERROR)
    with pytest.raises(NasTcError, match="was searched by the balanced error, and an experiment"):
        built(f'[[network]]\nname = "mine"\nstudy = "{path}"\n')


def test_all_replacements_within_the_tolerance():
    text = A + '[[network]]\nname = "R"\nreplacements_of = "A"\n' + BUDGET
    original, *others = built(text)
    ways = list(replacements(original.architecture, tolerance=0.03, kinds=PAPER_TRADE_OFFS))
    assert [each.architecture for each in others] == [each.architecture for each in ways]
    assert [each.name for each in others] == [f"R-{n}" for n in range(1, len(ways) + 1)]
    assert others[0].origin == f"A: {ways[0].change}, {ways[0].place}"
    assert [each.name for each in built(text.replace(BUDGET, "most = 2\n" + BUDGET))] == [
        "A",
        "R-1",
        "R-2",
    ]


B = '[[network]]\nname = "B"\nnetwork = "(3,16) | 2/2 | (3,40)x3"\n'


def test_a_network_outside_of_the_budget_needs_a_reason():
    with pytest.raises(NasTcError, match=r"network 'B' has .*unequal_because"):
        built(A + B + BUDGET)
    _, found = built(A + B + 'unequal_because = "it is wider"\n' + BUDGET)
    assert found.unequal_because == "it is wider"
    _, within = built(A + B + 'unequal_because = "it is wider"\n' + BUDGET.replace("0.03", "0.9"))
    assert within.unequal_because is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (A.replace("(3,16)", "alexnett"), "cannot read"),
        ('[[network]]\nname = "A"\nnetwork = "alexnett"', "did you mean 'alexnet'?"),
        (A.replace("2/2", "50/50"), "does not fit"),
        (A + A.replace('"A"', '"B"'), "same network as 'A'"),
        (A + '[[network]]\nname = "R"\nreplacements_of = "Q"\n' + BUDGET, "unknown network before"),
        (A + '[[network]]\nname = "v"\nfamily = "vggg"\n' + BUDGET, "did you mean 'vgg'?"),
        (A + B + '[[claim]]\nsays = "S"\nerror = "A > C"', "claim 1: unknown network 'C'"),
        (A + B + '[[claim]]\nsays = "S"\nerror = "A > B > A"', "names a network twice"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(text, message):
    with pytest.raises(NasTcError) as raised:
        built(text)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)
