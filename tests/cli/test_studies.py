"""`nas-tc studies`, `show`, `compare` and `dashboard`: studies on the screen and as JSON."""

import json
import re
import shutil
from dataclasses import replace
from math import log2

import optuna
import pytest

from handmade_study import make_study
from nas_tc.budget import parse_budget, resolve_budget
from nas_tc.recipe import Recipe
from nas_tc.report.comparison import compare_studies, settings_that_differ
from nas_tc.study import read_study


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """The same study with another seed and more epochs."""
    path = tmp_path_factory.mktemp("other") / "other.db"
    return make_study(path, seed=1, recipe=Recipe(epochs=3))


def test_the_studies_of_a_folder_are_listed(nas_tc, study, tmp_path):
    folder = tmp_path / "results" / "local" / "deep"
    folder.mkdir(parents=True)
    shutil.copy(study.path, folder / "mine[1].db")
    (folder / "other.db").write_text("of another program")
    (folder / "damaged.db").write_bytes(study.path.read_bytes()[:5000])
    code, out, _ = nas_tc("studies")
    assert code == 0
    assert "mine[1].db" in out
    assert "10.00 %" in out
    assert "other.db" not in out
    assert "damaged" in out
    code, out, _ = nas_tc("studies", folder, "--json")
    damaged, mine = json.loads(out)
    assert "note" in damaged
    assert mine["front"] == [0, 1]
    assert mine["best_val_error"] == 0.1


def test_a_folder_without_studies_says_so(nas_tc, tmp_path):
    assert nas_tc("studies", tmp_path)[:2] == (
        0, f"no studies in {tmp_path}/; nas-tc search makes them\n",
    )  # fmt: skip
    code, _, err = nas_tc("studies", tmp_path / "nowhere")
    assert code == 2
    assert err.startswith("nas-tc: no folder")


def test_a_file_is_no_folder_of_studies(nas_tc, study):
    code, _, err = nas_tc("studies", study.path)
    assert code == 2
    assert "is a file; name the folder of your studies, or show one with nas-tc show" in err
    assert err.count("\n") == 1


def test_a_study_is_shown_and_nothing_is_written(nas_tc, study, tmp_path):
    code, out, _ = nas_tc("show", study.path)
    assert code == 0
    assert "(3,16)/2 | 2/2 | (3,32)/2" in out
    assert "3 complete, 1 pruned, 1 failed" in out
    assert not list(tmp_path.iterdir())
    code, out, _ = nas_tc("show", study.path, "--json")
    assert json.loads(out)["front"] == [0, 1]


def test_a_trial_is_shown(nas_tc, study):
    code, out, _ = nas_tc("show", study.path, "--trial", 1)
    assert code == 0
    assert "complete, on the front" in out
    assert re.search(r"2/2 +10\.00 %", out)
    assert f"nas-tc export {study.path} --trial 1 --out DIR" in out
    _, out, _ = nas_tc("show", study.path, "--trial", 4)
    assert "reason: the worker died" in out
    assert "nas-tc train" in out
    _, out, _ = nas_tc("show", study.path, "--trial", 1, "--json")
    shown = json.loads(out)
    assert shown["val_errors"] == {"1": 0.4, "2": 0.1}
    code, _, err = nas_tc("show", study.path, "--trial", 99)
    assert code == 2
    assert "no trial 99; there are 0 to 4" in err


def test_two_studies_are_compared(nas_tc, study, other):
    code, out, _ = nas_tc("compare", study.path, other.path)
    assert code == 0
    assert "errors cannot be compared, they differ in recipe: epochs 2 against 3" in out
    assert "recipe.epochs" in out
    assert "+0.00 points" in out
    _, out, _ = nas_tc("compare", study.path, other.path, "--json", "--cost", "params")
    found = json.loads(out)
    assert found["settings"] == {"recipe.epochs": [2, 3], "seed": [0, 1]}
    assert found["cost"] == "params"
    assert not found["errors_comparable"]
    assert len(found["at_costs"]) == 6
    last = found["at_costs"][-1]
    assert [each["trial"] for each in last["best"]] == [1, 1]
    assert last["best"][0]["val_error"] == 0.1
    assert last["most"] == study.trials[1].params
    _, out, _ = nas_tc("compare", study.path, study.path)
    assert "settings: all the same" in out
    assert "note: A and B are the same study" in out


def test_a_budget_that_differs_is_shown_by_its_expression(nas_tc, study, tmp_path):
    limit = resolve_budget(parse_budget("alexnet*0.5"), (1, 32, 32))
    other = make_study(tmp_path / "other.db", limit=limit)
    assert study.settings["budget"]["expression"] != "alexnet*0.5"
    _, out, _ = nas_tc("compare", study.path, other.path)
    assert "note: A and B" not in out
    assert re.search(r"budget\.expression .*alexnet\*0\.5", out)
    assert "budget.limits" not in out
    _, out, _ = nas_tc("compare", study.path, other.path, "--json")
    assert "budget.limits" in json.loads(out)["settings"]


@pytest.mark.parametrize(
    ("cost", "complaint"),
    [
        ("latency", "the study holds no latency: times are recorded where the budget limits them"),
        ("nonsense", "unknown cost 'nonsense'; known: complexity, params, "),
        ("train_memory", "train_memory needs its batch, as in 'train_memory@b128'"),
        ("error", "objectives are the error and one cost or more"),
    ],
)
def test_a_cost_that_there_is_not_is_refused(nas_tc, study, cost, complaint):
    code, _, err = nas_tc("compare", study.path, study.path, "--cost", cost)
    assert code == 2
    assert complaint in err
    assert err.count("\n") == 1


def test_the_hypervolume_is_the_share_of_the_area(study):
    cheap, costly = study.front
    most = study.settings["budget"]["complexity"]
    worst = study.settings["data"]["majority_error"]["validation"]
    first, second = log2(costly.complexity / cheap.complexity), log2(most / costly.complexity)
    area = first * (worst - 0.2) + second * (worst - 0.1)
    found = compare_studies(study, study)
    assert found.hypervolumes == pytest.approx((area / worst / (first + second),) * 2)
    better = (replace(cheap, val_errors={1: 0.4, 2: 0.0}), *study.trials[1:])
    found = compare_studies(study, replace(study, trials=better))
    assert found.hypervolumes[1] == pytest.approx(1)
    assert found.at_costs[0].best[1].val_error == 0.0


def test_settings_that_differ_are_found_in_depth():
    one, other = {"a": {"b": 1, "c": [1]}, "d": 2}, {"a": {"b": 1, "c": [2]}, "e": 3}
    assert settings_that_differ(one, other) == [
        ("a.c", [1], [2]), ("d", 2, None), ("e", None, 3),
    ]  # fmt: skip


def test_the_dashboard_has_notation_and_front_and_cannot_touch_the_file(study):
    from nas_tc.study.dashboard import dashboard_storage

    before = study.path.read_bytes()
    storage = dashboard_storage(study.path)
    (shown,) = optuna.get_all_study_summaries(storage)
    assert shown.study_name == "digits"
    trials = optuna.load_study(study_name="digits", storage=storage).trials
    assert [trial.number for trial in trials] == [0, 1, 2, 3, 4]
    assert [trial.user_attrs["on_front"] for trial in trials] == [True, True, False, False, False]
    assert trials[0].user_attrs["network"] == study.trials[0].network
    assert trials[0].user_attrs["complexity"] == study.trials[0].complexity
    optuna.delete_study(study_name="digits", storage=storage)
    assert study.path.read_bytes() == before


def test_optuna_dashboard_serves_the_study(study):
    dashboard = pytest.importorskip("optuna_dashboard", reason="no optuna-dashboard")
    from nas_tc.study.dashboard import dashboard_storage

    app = dashboard.wsgi(dashboard_storage(study.path))
    status = []
    environ = {
        "REQUEST_METHOD": "GET", "PATH_INFO": "/api/studies", "SERVER_NAME": "localhost",
        "SERVER_PORT": "80", "wsgi.url_scheme": "http", "QUERY_STRING": "",
    }  # fmt: skip
    content = json.loads(b"".join(app(environ, lambda code, *_: status.append(code))))
    assert status[0].startswith("200")
    assert content["study_summaries"][0]["study_name"] == "digits"


def test_a_dashboard_that_is_not_installed_is_named(nas_tc, study, monkeypatch):
    monkeypatch.setattr("nas_tc.cli.dashboard.find_spec", lambda _: None)
    code, _, err = nas_tc("dashboard", study.path)
    assert code == 2
    assert "pip install 'nas-tc[dashboard]'" in err


def test_a_record_is_a_table_and_shows_itself_in_a_notebook(study):
    record = read_study(study.path)
    table = record.to_pandas()
    assert table["trial"].tolist() == [0, 1, 2, 3, 4]
    html = record._repr_html_()
    assert html.count("<tr>") == 3
    assert "(3,16)/2 | 2/2 | (3,32)/2" in html
    data = {**record.settings["data"], "name": "<img src=x>\udce9"}
    assert "<img" not in replace(record, settings={**record.settings, "data": data})._repr_html_()
