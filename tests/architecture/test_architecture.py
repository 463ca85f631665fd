import json
import subprocess
import sys

import pytest
from hypothesis import given

from nas_tc.architecture import GAP, SPP, Architecture, Head, Pool, Stage
from nas_tc.errors import ArchitectureError, NotationError, UnknownNameError
from nas_tc.zoo import ZOO
from strategies import any_architectures

ONE_STAGE = Architecture((3, 32, 32), (Stage(2, 8, 3),), GAP, classes=10)


@given(any_architectures())
def test_json_round_trip(arch):
    assert Architecture.from_json(arch.to_json()) == arch
    assert Architecture.from_dict(json.loads(json.dumps(arch.to_dict()))) == arch


@given(any_architectures(), any_architectures())
def test_ids_are_equal_just_when_networks_are(one, other):
    assert (one.id == other.id) == (one == other)
    assert one == other or hash(one) != hash(other) or one != other


def test_the_id_is_the_same_in_another_process_and_for_ever():
    code = "from nas_tc.zoo import ZOO; print(ZOO['J'].architecture.id)"
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()
    assert printed == ZOO["J"].architecture.id == "3a3f5d79e0c6"


def test_a_single_convolution_has_one_width():
    assert Stage(1, 8, 3, last_width=16) == Stage(1, 99, 3, last_width=16)
    assert Stage(1, 8, 3).widths == (8,)
    assert Stage(3, 8, 3, last_width=16).widths == (8, 8, 16)


def test_a_network_is_a_frozen_value():
    with pytest.raises(AttributeError):
        ONE_STAGE.classes = 5
    assert {ONE_STAGE: 1}[Architecture((3, 32, 32), (Stage(2, 8, 3),), GAP, classes=10)] == 1


def test_at_changes_the_input_alone():
    moved = ONE_STAGE.at((1, 64, 48))
    assert (moved.input, moved.classes, moved.stages) == ((1, 64, 48), 10, ONE_STAGE.stages)
    assert ONE_STAGE.at((3, 32, 32), classes=7).classes == 7


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: Stage(0, 8, 3), "depth must be 1 or more, not 0"),
        (lambda: Stage(1, -8, 3), "width must be 1 or more, not -8"),
        (lambda: Stage(1, 8, 3, padding=-1), "padding must be 0 or more"),
        (lambda: Pool(2, 0), "stride must be 1 or more"),
        (lambda: Head("max", ()), "pyramid bins"),
        (lambda: Head("median", (1,)), "'average' or 'max'"),
        (lambda: Head("max", (1,), dropout=1.0), "drop-out"),
        (lambda: Head("max", (1,), hidden=(0,)), "hidden widths"),
        (lambda: Architecture((3, 32, 32), (), GAP, 10), "at least one stage"),
        (lambda: Architecture((3, 0, 32), (Stage(1, 8, 3),), GAP, 10), "channels, height"),
        (lambda: Architecture((3, 32, 32), (Stage(1, 8, 3),), GAP, 0), "classes must be"),
        (lambda: Architecture((3, 32, 32), (Stage(1, 8, 3),), GAP, 9, "layer"), "norm must be"),
    ],
)
def test_impossible_numbers_are_refused(make, complaint):
    with pytest.raises(ArchitectureError, match=complaint):
        make()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"stages": None}, "not a network's JSON"),
        ({"input": [3, 32]}, "not a network's JSON"),
        ({"classes": "10"}, "not a whole number"),
        ({"classes": True}, "not a whole number"),
        ({"colour": "red"}, "unknown key 'colour'"),
        ({"stages": [{"depth": 1}]}, "not a network's JSON"),
        ({"stages": [{"depth": 1, "width": 8, "filter": 3, "twist": 1}]}, "not a network's JSON"),
    ],
)
def test_json_of_something_else_is_refused(change, complaint):
    with pytest.raises(NotationError, match=complaint):
        Architecture.from_dict({**ONE_STAGE.to_dict(), **change})


def test_json_that_lacks_a_key_or_is_none():
    with pytest.raises(NotationError, match="lacks the key 'head'"):
        Architecture.from_dict({k: v for k, v in ONE_STAGE.to_dict().items() if k != "head"})
    with pytest.raises(NotationError, match="not JSON"):
        Architecture.from_json("{")
    with pytest.raises(NotationError):
        Architecture.from_json("[1, 2]")
    with pytest.raises(UnknownNameError, match="did you mean 'gap'"):
        Architecture.from_dict({**ONE_STAGE.to_dict(), "head": "gab"})


def test_heads_go_by_name_in_json():
    assert Architecture((3, 32, 32), (Stage(1, 8, 3),), SPP, 10).to_dict()["head"] == "spp"
