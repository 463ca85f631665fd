"""`nas-tc fit`: what it prints, and what it refuses."""

import json
import sys

import pytest

from nas_tc.architecture import Architecture
from nas_tc.cli import main as program
from nas_tc.cost import complexity, network_cost
from nas_tc.zoo import find_network


@pytest.fixture
def fit(monkeypatch, capsys):
    """Calls `nas-tc fit`; gives its exit code, output and errors."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["nas-tc", "fit", *arguments])
        with pytest.raises(SystemExit) as ended:
            program.main()
        printed = capsys.readouterr()
        return ended.value.code, printed.out, printed.err

    return call


def test_a_network_is_told_with_its_share_of_each_limit(fit):
    code, out, err = fit("vgg", "--budget", "alexnet*0.6, params<=200k")
    assert (code, err) == (0, "")
    rows = [" ".join(line.split()) for line in out.splitlines()]
    assert rows[0] == "vgg at 3x32x32: (3,24)/2+(3,24) | 2/2 | (3,48)x2 | 2/2 | (3,96)x2"
    assert rows[1] == "size first width 24 (Simonyan & Zisserman 2015, Table 1)"
    assert rows[3] == "complexity 5,474,304 88.3% of the limit"
    assert rows[4] == "params 162,994 81.5% of the limit"


def test_json_describes_the_same_network_as_the_file(fit, tmp_path):
    path = tmp_path / "network.json"
    arguments = ("mobilenetv2", "--budget", "3M", "--input", "1x28x28", "--classes", "7")
    code, out, _ = fit(*arguments, "--norm", "none", "--out", str(path), "--json")
    values = json.loads(out)
    found = Architecture.from_dict(values["architecture"])
    assert code == 0
    assert found == find_network(str(path))
    assert (found.input, found.classes, found.norm) == ((1, 28, 28), 7, "none")
    assert found.activation == "relu6"
    assert values["complexity"] == complexity(found) == values["limits"][0]["value"] <= 3 * 10**6
    assert values["params"] == network_cost(found).params


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("vgg", "--budget", "latency<=2ms"), "fitted by formula, which cannot keep 'latency<=2ms"),
        (("vg", "--budget", "1M"), "unknown family 'vg'; did you mean 'vgg'?"),
        (("vgg", "--budget", "1k"), "is within '1k': the smallest there is has 59,904; give it"),
        (("vgg", "--budget", "1 apple"), "cannot read the budget '1 apple'"),
        (("vgg", "--budget", "1M", "--input", "3x0x0"), "height and width of 1 or more"),
        (("vgg", "--budget", "1M", "--classes", "0"), "classes must be 1 or more"),
        (("vgg", "--budget", "1M", "--norm", "group"), "unknown norm 'group'"),
        (("vgg", "--budget", "1M", "--head", "mlp"), "unknown head 'mlp'"),
        (("vgg", "--budget", "1M", "--out", "/none/x.json"), "choose another with --out"),
        (("vgg",), "Missing option '--budget'"),
    ],
)
def test_what_is_wrong_is_one_line(fit, arguments, message):
    code, out, err = fit(*arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
