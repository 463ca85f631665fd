"""Files of experiments: what they mean, and what is wrong with them, in one line."""

from dataclasses import replace

import pytest

from nas_tc.architecture import GAP, SPP
from nas_tc.errors import NasTcError, UnknownNameError
from nas_tc.experiment import (
    Claim,
    EqualCost,
    load_experiment,
    parse_experiment,
    recipe_of,
    shipped_experiments,
)

A = '[[network]]\nname = "A"\nnetwork = "(3,8) | (3,16)"\n'
B = '[[network]]\nname = "B"\nnetwork = "(3,9) | (3,16)"\n'


def parse(text):
    return parse_experiment(text, "mine", "mine.toml")


def test_a_file_in_full():
    found = parse(
        'title = "T"\ninput = [1, 16, 16]\nhead = "spp"\nnorm = "none"\nactivation = "tanh"\n'
        'data = "digits"\n'
        'train_images = 100\nseeds = 2\n[recipe]\nbase = "quick"\nepochs = 3\n'
        '[budget]\nreference = "A"\ntolerance = 0.1\n'
        f'{A}paper_error = 37.4\nnorm = "batch"\nhead = "gap[64]"\nactivation = "silu"\n'
        '[[network]]\nname = "R"\nreplacements_of = "A"\nkinds = ["delay", "depth-width"]\n'
        "most = 4\n"
        '[[claim]]\nsays = "S"\nerror = "A > R-1 ~ R-2"\nmargin = 1.5\nbecause = "W"\n'
    )
    assert (found.title, found.input, found.head, found.norm) == ("T", (1, 16, 16), SPP, "none")
    assert (found.data, found.train_images, found.seeds) == ("digits", 100, 2)
    assert (found.recipe, recipe_of(found, {}).epochs) == ("quick", 3)
    assert recipe_of(found, {"epochs": 5}).epochs == 5
    assert found.equal_cost == EqualCost("A", 0.1)
    first, second = found.networks
    assert (first.paper_error, first.norm, first.activation) == (0.374, "batch", "silu")
    assert first.head == replace(GAP, hidden=(64,))
    assert (found.activation, second.activation, second.head) == ("tanh", None, None)
    assert (second.replacements_of, second.most) == ("A", 4)
    assert set(second.kinds) == {"delay", "depth-width"}
    assert found.claims == (Claim("S", ("A", "R-1", "R-2"), (">", "~"), 0.015, "W"),)


def test_what_a_file_leaves_out():
    found = parse(A)
    assert (found.title, found.seeds, found.data, found.equal_cost) == ("mine", 3, None, None)
    assert recipe_of(found, {}).epochs == 60
    assert recipe_of(parse('[recipe]\nbase = "he-sun-2015"\n' + A), {}).margin == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = [", "not TOML"),
        ("", "each under a line [[network]]"),
        ("network = 3", "must be tables"),
        ("budget = 3\n" + A, "[budget]"),
        ("netwrok = 1\n" + A, "did you mean 'network'?"),
        ('[[network]]\nname = "A"\nnotation = "J"', "unknown key 'notation'"),
        ('[[network]]\nname = "A"', "needs one of the keys network"),
        ('[[network]]\nname = "A"\nnetwork = "J"\nfamily = "vgg"', "needs one of the keys"),
        ('[[network]]\nnetwork = "J"', "lacks the key 'name'"),
        (A + A, "two networks have the name 'A'"),
        (A + 'kinds = ["delai"]', "did you mean 'delay'?"),
        (A + "kinds = 3", "list of words"),
        (A + "most = 0", "1 or more, not 0"),
        (A + 'norm = "layer"', "one of batch, none"),
        (
            A + '[[network]]\nname = "R"\nreplacements_of = "A"\nactivation = "silu"',
            "activation is no key beside replacements_of",
        ),
        (A + 'head = "gap[x]"', "cannot read the head 'gap[x]'"),
        (A + 'head = "gpa"', "did you mean 'gap'?"),
        (A + "head = 3", "must be the name of a head"),
        (A + 'activation = "gelu"', "one of relu, relu6, silu, tanh, sigmoid"),
        (A + "paper_error = 374", "per cent"),
        ("seeds = 0\n" + A, "seeds must be a whole number of 1 or more"),
        ("seeds = true\n" + A, "whole number"),
        ("input = [32, 32]\n" + A, "channels, height and width"),
        ("[recipe]\nbase = 3\n" + A, "name of a recipe"),
        ('[budget]\nreference = "Z"\n' + A, "unknown network 'Z'"),
        ('[budget]\nreference = "A"\ntolerance = 3\n' + A, "0.03"),
        (A + '[[claim]]\nsays = "S"\nerror = "A>B"', "spaces around the signs"),
        (A + '[[claim]]\nsays = "S"\nerror = "A > "', "spaces around the signs"),
        (A + '[[claim]]\nsays = "S"\nerror = "A ~ B"', "needs a margin"),
        (A + '[[claim]]\nerror = "A > B"', "lacks the key 'says'"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(text, message):
    with pytest.raises(NasTcError, match=r"^mine\.toml") as raised:
        parse(text)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_an_unknown_name_and_a_missing_file(tmp_path):
    with pytest.raises(UnknownNameError, match="did you mean 'depth-filter'"):
        load_experiment("dpeth-filter")
    with pytest.raises(NasTcError, match="cannot read the experiment"):
        load_experiment(tmp_path / "none.toml")
    file = tmp_path / "mine.toml"
    file.write_text(A)
    assert load_experiment(file).name == "mine"


@pytest.mark.parametrize("name", shipped_experiments())
def test_the_shipped_ones_say_what_they_are(name):
    found = load_experiment(name)
    assert found.input == (3, 32, 32)
    assert found.seeds >= 3
    assert "He & Sun (2015), section 4" in found.description
    assert "scaled" in found.description
    assert found.claims
    assert found.equal_cost.tolerance == 0.03
    assert recipe_of(found, {}).epochs == 16
