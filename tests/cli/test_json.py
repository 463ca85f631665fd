"""`--json`: one document on standard output, and nothing else there."""

import json

import pytest

from nas_tc.cli.json_output import print_json


@pytest.fixture
def answer(nas_tc):
    """Calls a command with --json; gives the document."""

    def call(*arguments):
        code, out, err = nas_tc(*arguments, "--json")
        assert code == 0, err
        return json.loads(out)

    return call


def test_numbers_that_json_lacks_are_null(capsys):
    print_json({"a": [float("nan"), float("inf"), 1.5], 2: (True, None)})
    assert json.loads(capsys.readouterr().out) == {"a": [None, None, 1.5], "2": [True, None]}


def test_spaces(answer):
    names = [each["space"] for each in answer("space")]
    assert "plain-32" in names
    found = answer("space", "plain-32", "--check", "--budget", "alexnet*0.6, params<=1M")
    assert found["space"] == "plain-32"
    assert found["cheapest"]["complexity"] < found["costliest"]["complexity"]
    assert found["genes"]["stage1.depth"][0] < found["genes"]["stage1.depth"][-1]
    budget = found["budget"]
    assert {each["measure"] for each in budget["limits"]} == {"params", "complexity"}
    within = budget["within_complexity"]
    assert within["least"] <= within["most"] == round(within["share"] * found["networks"])
    assert 0 < budget["sample"]["fit"] <= budget["sample"]["networks"]
    assert found["dead_choices"] == []


def test_a_budget(answer):
    found = answer("budget", "alexnet*0.6, params<=100k, latency<=2ms")
    assert {each["limit"] for each in found["limits"]} == {"params<=100k", "alexnet*0.6"}
    assert found["predicted_limits"] == []
    [time] = found["unpredicted_limits"]
    assert time["limit"] == "latency<=2ms"
    assert time["to_predict_it"].startswith("nas-tc calibrate --space plain-32")
    share = found["share"]
    assert share["binds"] in ("params<=100k", "alexnet*0.6")
    for row in share["limits"]:
        assert row["smallest"] <= row["median"] <= row["largest"]
        assert share["fit"] <= row["fit"] <= share["networks"]


def test_experiments(answer):
    names = [each["experiment"] for each in answer("experiment")]
    assert "nin" in names
    plan = answer("experiment", "nin", "--check")
    assert plan["experiment"] == "nin"
    assert {row["name"] for row in plan["networks"]} >= {
        end for step in plan["relations"] for end in (step["first"], step["second"])
    }


def test_an_export(answer, study):
    found = answer("export", study.path, "--best", "--out", "best", "--format", "source")
    [check] = found["checks"]
    assert (found["trial"], check["format"], check["changed_classes"]) == (1, "source", 0)
    assert check["error"] == found["error_as_trained"]
    assert "best/network.py" in found["files"]


def test_a_whole_study_that_is_to_be_rescued(answer, study):
    found = answer("study", "rescue", study.path)
    assert found == {"study": str(study.path), "damaged": False}


def test_quiet_prints_nothing(nas_tc, study):
    for arguments in (
        ["export", study.path, "--best", "--out", "best", "--format", "source"],
        ["draw", "J", "-o", "j.svg"],
        ["study", "rescue", study.path],
        ["report", study.path, "--out", "report"],
    ):
        assert nas_tc(*arguments, "--quiet") == (0, "", "")
