"""`nas-tc replace`: what it lists, and what it refuses."""

import json

import pytest

from nas_tc.budget import parse_budget, resolve_budget
from nas_tc.cost import cost
from nas_tc.replacement import TRADE_OFFS, replacements
from nas_tc.zoo import ZOO


@pytest.fixture
def replace(nas_tc):
    """Calls `nas-tc replace`; gives its exit code, output and errors."""
    return lambda *arguments: nas_tc("replace", *arguments)


def listed(replace, *arguments):
    code, out, err = replace(*arguments, "--json")
    assert (code, err) == (0, "")
    return json.loads(out)


def traded(rows):
    return {step["trade_off"] for row in rows for step in row["steps"]}


def test_a_list_is_grouped_and_names_the_paper_s_networks(replace):
    code, out, _ = replace("A")
    assert code == 0
    rows = [" ".join(line.split()) for line in out.splitlines()]
    assert "x0.9608 821,400,256 74,968,936 three 3x3 -> six 2x2, stage 3" in rows
    for name in "BCFG":
        assert any(row.startswith(f"{name} = (7,64)/2 | ") for row in rows)
    titles = [row for row in rows if row.startswith("ratio")]
    assert titles == [
        f"ratio multiply-adds parameters {title}"
        for title in (
            "depth against filter size",
            "depth against width",
            "width against filter size",
            "a pooling, and wider layers behind it",
            "delayed subsampling",
            "residual units against pairs of convolutions",
            "separable against full filters",
            "size of the images against depth",
            "size of the images against width",
        )
    ]
    assert any(row.endswith("| 2/2 | (3,416)x2+(3,256) at 160x160") for row in rows)


def test_json_has_every_replacement_with_its_cost(replace):
    values = listed(replace, "J")
    assert (values["name"], values["complexity"]) == ("J", 829_493_952)
    expected = list(replacements(ZOO["J"].architecture))
    assert [each["id"] for each in values["replacements"]] == [
        each.architecture.id for each in expected
    ]
    for each, own in zip(values["replacements"], expected, strict=True):
        assert [step["description"] for step in each["steps"]] == [own.description]
        counted = cost(each["notation"], input=tuple(each["input"]))
        assert counted.complexity == each["complexity"]
        assert counted.params == each["params"]
        assert each["ratio"] == each["complexity"] / values["complexity"]


def test_a_budget_keeps_what_is_within(replace):
    budget = "J*1.002, params<=80M"
    everything, values = listed(replace, "J"), listed(replace, "J", "--budget", budget)
    limit = resolve_budget(parse_budget(budget), (3, 224, 224), 1000)
    most, params = (cap.most for cap in limit.caps)
    assert values["replacements"] == [
        each
        for each in everything["replacements"]
        if each["complexity"] <= most and each["params"] <= params
    ]
    gone = len(everything["replacements"]) - len(values["replacements"])
    assert values["over_budget"] == gone > 0
    assert f"{gone} more are not" in replace("J", "--budget", budget)[1]


def test_tolerance_kind_and_input(replace):
    tight = listed(replace, "A", "--tolerance", "1 %", "--kind", "depth-width")["replacements"]
    assert traded(tight) == {"depth-width"}
    assert all(1 / 1.01 <= each["ratio"] <= 1.01 for each in tight)
    assert (
        tight == listed(replace, "A", "--tolerance", ".01", "--kind", "depth-width")["replacements"]
    )
    two = listed(replace, "A", "--kind", "delay", "--kind", "pooling")["replacements"]
    assert traded(two) == {"delay", "pooling"}
    small = listed(replace, "A", "--input", "3x128x128")
    assert small["complexity"] == cost("A", input=(3, 128, 128)).complexity
    assert small["name"] is None


def test_blocks_are_written_out(replace):
    code, out, _ = replace("plain[nin](2,64)x2 | 2/2 | (3,64)x2", "--kind", "delay")
    assert code == 0
    assert "plain[nin](2,64)x2 | 2/1 | (3,64)/2+(3,64)" in out
    assert "1 replacement at" in out


def test_steps_follow_one_another(replace):
    arguments = ("A", "--steps", "2", "--kind", "depth-filter")
    rows = {row["name"]: row for row in listed(replace, *arguments)["replacements"]}
    assert [step["change"] for step in rows["E"]["steps"]] in (
        ["three 3x3 -> six 2x2", "one 5x5 -> four 2x2"],
        ["one 5x5 -> four 2x2", "three 3x3 -> six 2x2"],
        ["one 5x5 -> two 3x3", "five 3x3 -> ten 2x2"],
    )
    assert rows["E"]["ratio"] == cost("E").complexity / cost("A").complexity
    assert [len(rows[name]["steps"]) for name in "BCDE"] == [1, 1, 2, 2]
    _, out, _ = replace(*arguments)
    assert "depth against filter size, then depth against filter size" in out
    assert "E = (7,64)/2 | 3/3 | (2,128)x4 | 2/2 | (2,256)x6" in out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "Missing argument 'network'"),
        (["JJ"], "unknown network 'JJ'; did you mean 'J'?"),
        (["(3,64"], "cannot read '(3,64'"),
        (["no.json"], "cannot read the network file 'no.json'"),
        (["J", "--input", "3x32x32"], "pool3: a 3x3 pooling window does not fit a map"),
        (["A", "--input", "32"], "--input '32': write channels, height and width"),
        (["A", "--tolerance", "5"], "--tolerance '5': write a share of the complexity, as in 5%"),
        (["A", "--tolerance", "-1%"], "--tolerance '-1%': write a share"),
        (["A", "--kind", "depth"], "unknown trade-off 'depth'; did you mean 'depth-width'?"),
        (["A", "--budget", "alexnt*0.6"], "did you mean 'alexnet'?"),
        (["A", "--budget", "latency<=2ms"], "chosen by formula, which cannot keep 'latency<=2ms'"),
        (["A", "--steps", "0"], "--steps must be 1 to 3, not 0"),
        (["A", "--budget", ""], "--budget is followed by an empty value;"),
        (["A", "--budget", ","], "a limit is missing"),
    ],
)
def test_what_is_refused(replace, arguments, complaint):
    code, out, err = replace(*arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert complaint in err


def test_every_trade_off_has_a_title(replace):
    blocks = ("(3,16) | inverted[6](3,24)x3 | 2/2 | basic(3,48)x3", "--input", "3x32x32")
    kinds = set()
    for arguments in (("E",), blocks):
        found = listed(replace, *arguments)["replacements"]
        kinds |= traded(found)
        _, out, _ = replace(*arguments)
        assert sum(line.strip().startswith("x") for line in out.splitlines()) == len(found)
    assert kinds == set(TRADE_OFFS)


def test_more_chains_than_anybody_reads_are_refused(replace, monkeypatch):
    monkeypatch.setattr("nas_tc.cli.replace._MOST_NETWORKS", 20)
    code, out, err = replace("A", "--steps", "2")
    assert (code, out) == (2, "")
    assert "--steps 2 leads to more than 20 networks: name trade-offs with --kind" in err
