"""`nas-tc cost`: its table and its JSON."""

import json

import pytest

from nas_tc.cost import complexity
from nas_tc.zoo import ZOO


def test_cost_prints_a_table(nas_tc):
    code, out, _ = nas_tc("cost", "J")
    assert code == 0
    assert "829,493,952" in out
    assert "79,190,248" in out
    rows = [line.split() for line in out.splitlines() if line.strip().startswith("conv4.1")]
    assert [row[:6] for row in rows] == [
        ["conv4.1", "conv", "2304x5x5", "58,982,400", "6.5%", "2,361,600"]
    ]


@pytest.mark.parametrize("name", ZOO)
def test_cost_as_json(nas_tc, name):
    code, out, _ = nas_tc("cost", name, "--json")
    values = json.loads(out)
    assert code == 0
    assert {"network", "input", "complexity", "macs", "params", "layers"} <= values.keys()
    assert values["complexity"] == complexity(ZOO[name].architecture)
    assert sum(layer["complexity"] for layer in values["layers"]) == values["complexity"]
    assert sum(layer["share"] for layer in values["layers"]) == pytest.approx(1)


def test_cost_takes_notation_input_head_norm_and_classes(nas_tc):
    arguments = ("--input", "3x32x32", "--head", "gap", "--norm", "batch", "--classes", "10")
    code, out, _ = nas_tc("cost", "(7,64)/2 | 3/3 | (5,128)", *arguments, "--json")
    values = json.loads(out)
    assert code == 0
    assert values["input"] == [3, 32, 32]
    assert values["complexity"] == 3 * 49 * 64 * 13 * 13 + 64 * 25 * 128 * 4 * 4
    assert values["params"] == 3 * 49 * 64 + 128 + 64 * 25 * 128 + 256 + 129 * 10


def test_cost_of_a_network_of_blocks(nas_tc):
    code, out, _ = nas_tc("cost", "resnet50", "--batch", "8", "--relative-to", "A", "--json")
    found = json.loads(out)
    assert code == 0
    assert found["params"] == 25_557_032
    assert found["relative"] == pytest.approx(found["complexity"] / 854_954_688)
    assert found["memory"]["training_bytes"] > found["memory"]["inference_bytes"]
    one = json.loads(nas_tc("cost", "resnet50", "--json")[1])
    assert found["macs"] == one["macs"]
    assert found["memory"]["saved_bytes"] == 8 * one["memory"]["saved_bytes"]


def test_cost_in_words(nas_tc):
    code, out, _ = nas_tc("cost", "J", "--relative-to", "A")
    assert code == 0
    assert "829,493,952" in out
    assert "0.9702  of A" in out
