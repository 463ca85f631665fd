"""A network by a name or a notation, and by options."""

import json

import pytest

from nas_tc.architecture import GAP, SPP
from nas_tc.cli.network import companion, described, network_of, surroundings
from nas_tc.errors import NasTcError
from nas_tc.zoo import ZOO

TINY = "(3,8)/2 | (3,16)/2"
OPTIONS = ("--input", "1x16x16", "--head", "gap", "--norm", "batch", "--classes", "7")


def test_a_notation_is_in_the_paper_s_setting_unless_options_say_otherwise():
    bare = network_of(TINY)
    assert (bare.input, bare.head, bare.norm, bare.classes) == ((3, 224, 224), SPP, "none", 1000)
    full = network_of(TINY, "1x16x16", "gap", "batch", 7)
    assert (full.input, full.head, full.norm, full.classes) == ((1, 16, 16), GAP, "batch", 7)
    assert full.stages == bare.stages


def test_a_network_of_the_zoo_keeps_what_no_option_changes():
    own = ZOO["resnet18"].architecture
    assert network_of("resnet18") == own
    assert network_of("resnet18", classes=10) == own.at(own.input, 10)


def test_a_companion_is_on_the_same_images_and_a_notation_shares_the_options():
    network = network_of(TINY, "3x64x64", "gap", "batch", 7)
    alexnet = companion("alexnet", network, "gap", "batch")
    assert (alexnet.input, alexnet.classes) == ((3, 64, 64), 7)
    assert alexnet.head == ZOO["alexnet"].architecture.head
    other = companion("(3,8)", network, "gap", "batch")
    assert (other.input, other.head, other.norm, other.classes) == ((3, 64, 64), GAP, "batch", 7)


def test_what_had_to_be_assumed_is_told():
    bare = network_of(TINY)
    told = surroundings(TINY, bare, None, None)
    assert told.startswith("head spp, norm none, 1,000 classes; the notation does not say head and")
    assert "does not say norm," in surroundings(TINY, bare, "spp", None)
    assert surroundings(TINY, bare, "spp", "none") == "head spp, norm none, 1,000 classes"
    assert ";" not in surroundings("J", network_of("J"), None, None)
    lenet = surroundings("lenet5", network_of("lenet5"), None, None)
    assert lenet.startswith("head average pooling to ")


def test_json_says_the_same(nas_tc):
    code, out, _ = nas_tc("cost", TINY, *OPTIONS, "--json")
    assert code == 0
    values = json.loads(out)
    expected = {"input": [1, 16, 16], "head": "gap", "norm": "batch", "classes": 7}
    assert {name: values[name] for name in expected} == expected
    assert described(network_of(TINY, "1x16x16", "gap", "batch", 7)) == expected


@pytest.mark.parametrize(
    "command",
    [
        ["cost"],
        ["replace"],
        ["draw", "--out", "net.svg"],
        ["time", "--builds", "1", "--repeats", "2"],
    ],
)
def test_every_command_that_takes_a_network_takes_its_options_and_tells_them(nas_tc, command):
    name, *rest = command
    code, out, _ = nas_tc(name, TINY, *OPTIONS, *rest)
    assert code == 0
    assert "head gap, norm batch, 7 classes\n" in out
    code, out, _ = nas_tc(name, TINY, "--input", "1x64x64", *rest)
    assert code == 0
    assert "head spp, norm none, 1,000 classes; the notation does not say head and norm" in out


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"input": "32"}, "write channels, height and width"),
        ({"head": "gpa"}, "did you mean 'gap'"),
        ({"norm": "layer"}, "unknown norm 'layer'; known: batch, none"),
        ({"classes": 0}, "classes must be 1 or more, not 0"),
    ],
)
def test_options_that_are_refused(options, complaint):
    with pytest.raises(NasTcError, match=complaint):
        network_of(TINY, **options)
