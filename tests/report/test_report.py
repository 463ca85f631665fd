import json
from dataclasses import replace

import pandas as pd
import pytest
from PIL import Image

from nas_tc.architecture import head_named
from nas_tc.errors import StudyError
from nas_tc.report import (
    draw_front,
    front_table,
    page_html,
    short_number,
    trials_table,
    write_report,
)
from nas_tc.report.summary import summary
from nas_tc.study import objective
from nas_tc.study.names import NetworkNames


def test_the_front_as_a_table(study):
    table = front_table(study)
    assert table["trial"].tolist() == [0, 1]
    assert table["network"].tolist() == [
        "(3,8)/2 | 2/2 | (3,16)/2",
        "(3,16)/2 | 2/2 | (3,32)/2",
    ]
    assert table["val_error"].tolist() == [0.2, 0.1]
    assert table["test_error"].tolist() == [0.25, 0.125]
    limit = study.settings["budget"]["complexity"]
    assert table["of_budget"].tolist() == pytest.approx(table["complexity"] / limit, abs=1e-4)


def test_all_trials_as_a_table(study):
    table = trials_table(study)
    assert table["state"].tolist() == ["complete"] * 3 + ["pruned", "failed"]
    assert table["epochs"].tolist() == [2, 2, 2, 1, 0]
    assert table["val_error@1"].tolist()[:4] == [0.5, 0.4, 0.4, 0.8]
    assert table["val_error@2"].isna().tolist() == [False, False, False, True, True]
    assert table["reason"].tolist()[4] == "the worker died"
    assert table["g"].tolist() == list("abcde")


def test_image_sizes_are_shown_where_they_differ(study):
    assert "resolution" not in front_table(study)
    assert "resolution" not in trials_table(study)
    first, *rest = study.trials
    small = first.architecture.at((1, 24, 20))
    mixed = replace(
        study, trials=(replace(first, architecture=small, genes={"resolution": 24}), *rest)
    )
    table = front_table(mixed)
    assert list(table.columns)[:3] == ["trial", "network", "resolution"]
    assert table["resolution"].tolist() == ["24x20", "32x32"]
    assert trials_table(mixed)["resolution"].tolist() == ["24x20", *["32x32"] * 4]


def test_names_say_what_two_networks_of_one_notation_differ_in(study):
    assert {NetworkNames(study.trials)(trial) for trial in study.trials} == {
        trial.network for trial in study.trials
    }
    first, *rest = study.trials
    wide = replace(first.architecture, head=head_named("gap[256]")).at((1, 24, 20))
    mixed = replace(study, trials=(replace(first, architecture=wide), *rest))
    name = f"{first.network} at 24x20, head gap[256]"
    assert NetworkNames(mixed.trials)(mixed.trials[0]) == name
    assert NetworkNames(mixed.trials)(rest[0]) == f"{rest[0].network} at 32x32, head gap"
    assert front_table(mixed)["head"].tolist() == ["gap[256]", "gap"]
    assert name.replace("|", r"\|") in summary(mixed)
    assert mixed._repr_html_().count(name) == 1
    page = page_html(mixed)
    for place in (f'<td class="text"><code>{name}</code>', f"  <code>{name}</code>", f'"{name}"'):
        assert place in page, place


def test_the_files(study, tmp_path):
    out = tmp_path / "new" / "folder"
    paths = write_report(study, out)
    assert [path.name for path in paths] == [
        "report.html",
        "report.md",
        "pareto.csv",
        "trials.csv",
        "trials.parquet",
        "pareto.png",
        "pareto.svg",
        "manifest.json",
    ]
    front = pd.read_csv(out / "pareto.csv")
    assert {"trial", "network", "val_error", "test_error", "complexity", "params"} <= set(front)
    whole = front_table(study).astype({"train_s": float})  # not known here: None, or no number
    pd.testing.assert_frame_equal(front, whole)
    trials = pd.read_csv(out / "trials.csv")
    assert len(trials) == 5
    typed = pd.read_parquet(out / "trials.parquet")
    assert list(typed) == list(trials)
    assert (typed["complexity"] == trials["complexity"]).all()
    assert (out / "pareto.svg").read_text().count("<svg") == 1
    with Image.open(out / "pareto.png") as picture:
        assert picture.size == (1200, 750)
        colours = {colour for _, colour in picture.convert("RGB").getcolors(10**6)}
    assert {(11, 95, 165), (192, 57, 43), (154, 165, 177)} <= colours  # front, budget, others
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["settings"]["data"]["checksum"]
    assert manifest["settings"]["recipe"]["epochs"] == 2
    assert manifest["trials"] == {"complete": 3, "pruned": 1, "failed": 1}
    assert manifest["front"] == [0, 1]


def test_costs_by_formula_have_columns_and_the_budget_s_line(study, tmp_path):
    names = ("error", "train_memory@b8", "memory")
    write_report(study, tmp_path, names)
    front = pd.read_csv(tmp_path / "pareto.csv")
    for column, name in (("train_memory_bytes@b8", names[1]), ("memory_bytes", names[2])):
        of_front = [objective(study.trial(number), name) for number in front["trial"]]
        assert front[column].tolist() == of_front
    limits = [{"measure": "train_memory", "batch": 8, "most": 10**6}]
    limits += [{"measure": "train_memory", "batch": 16, "most": 10**7}]
    budget = {**study.settings["budget"], "limits": limits}
    limited = replace(study, settings={**study.settings, "budget": budget})
    for name, is_drawn in (("train_memory@b8", True), ("memory@b8", False)):
        draw_front(limited, tmp_path / "limited.png", ("error", name))
        with Image.open(tmp_path / "limited.png") as picture:
            colours = {colour for _, colour in picture.convert("RGB").getcolors(10**6)}
        assert ((192, 57, 43) in colours) == is_drawn


def test_a_report_can_be_made_again(study, tmp_path):
    for _ in range(2):
        write_report(study, tmp_path)
    assert len(list(tmp_path.iterdir())) == 8


def test_the_pictures_of_a_study_do_not_change(study, tmp_path):
    for name in ("a", "b"):
        draw_front(study, tmp_path / f"{name}.png", also=[tmp_path / f"{name}.svg"])
    for ending in ("png", "svg"):
        assert (tmp_path / f"a.{ending}").read_bytes() == (tmp_path / f"b.{ending}").read_bytes()


def test_a_folder_that_cannot_be_written(study, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StudyError, match=r"cannot write the report to .*; the study is safe"):
        write_report(study, tmp_path / "file")


@pytest.mark.parametrize(
    ("value", "text"),
    [(999, "999"), (1500, "1.5k"), (5_517_216, "5.52M"), (2e9, "2G"), (3e12, "3T")],
)
def test_short_numbers(value, text):
    assert short_number(value) == text


@pytest.mark.parametrize("name", ["imagefolder:$a$_{", "imagefolder:caf\udce9"])
def test_a_name_is_drawn_as_it_is(study, tmp_path, name):
    data = {**study.settings["data"], "name": name}
    record = replace(study, settings={**study.settings, "data": data})
    draw_front(record, tmp_path / "front.png")
    assert (tmp_path / "front.png").stat().st_size > 1000


def test_a_study_without_a_trial_has_a_report_whatever_its_metric(study, tmp_path):
    settings = {**study.settings, "metric": "balanced_error"}
    written = write_report(replace(study, trials=(), settings=settings), tmp_path)
    assert written
    assert trials_table(replace(study, trials=(), settings=settings)).empty
