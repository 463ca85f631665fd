"""Files that earlier versions wrote open, report, resume and export as they did then.

Each folder beside this file holds what one version wrote: `study.db` (a budget of multiply-adds, a
rerun of the front), `timed.db` (a limit on latency), `table.json`, `reference_speed.json` and the
folder `exported`. They were made on the digits with `tiny.toml`:

    nas-tc search --space tiny.toml --train-images 300 --budget 60k --trials 10 --epochs 2 \
        --study study.db --reruns 1
    nas-tc search --space tiny.toml --train-images 300 --budget "latency<=5ms" --trials 6 \
        --epochs 2 --study timed.db --start "(3,4)/2 | (3,8)"
    nas-tc calibrate --space tiny.toml --networks 12 --out table.json
    nas-tc export study.db --best --out exported
"""

import importlib.util
import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

import nas_tc
from nas_tc.export import export_trial
from nas_tc.latency import TimeTable
from nas_tc.report import front_table, trials_table, write_report
from nas_tc.study import read_study
from nas_tc.timing import Setting
from nas_tc.timing.reference_speed import _parse

HERE = Path(__file__).parent
VERSIONS = sorted(path.name for path in HERE.iterdir() if (path / "study.db").exists())


@pytest.fixture(params=VERSIONS)
def kept(request, tmp_path):
    """A copy of what a version wrote, since a study that is opened may be written."""
    return Path(shutil.copytree(HERE / request.param, tmp_path / request.param))


def network_of(folder):
    """The exported network with its weights."""
    spec = importlib.util.spec_from_file_location("exported_network", folder / "network.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    network = module.Network().eval()
    network.load_state_dict(load_file(folder / "weights.safetensors"))
    return network


@pytest.mark.parametrize("name", ["study", "timed"])
def test_a_study_is_read_and_reported_as_it_was(kept, name):
    record = read_study(kept / f"{name}.db")
    before, now = pd.read_csv(kept / name / "pareto.csv"), front_table(record)
    assert list(before["network"]) == list(now["network"])
    for column in before.columns:
        assert column in now.columns
        if pd.api.types.is_numeric_dtype(before[column]):
            assert now[column].astype(float).to_numpy() == pytest.approx(
                before[column].to_numpy(), abs=1e-9, nan_ok=True
            )
    assert len(trials_table(record)) == len(record.trials)
    assert all(path.exists() for path in write_report(record, kept / "report"))


def test_a_prediction_is_read_under_its_name_of_today(kept):
    """0.1 wrote it as `foretold_ms`."""
    times = [trial.times["latency"] for trial in read_study(kept / "timed.db").trials]
    assert sum(each.get("predicted_ms", 0) > 0 for each in times) == 2
    assert not [each for each in times if "foretold_ms" in each or each["verdict"] == "foretold"]


def test_a_study_goes_on(kept, kept_workers):
    before = read_study(kept / "study.db")
    recipe = before.settings["recipe"]
    after = nas_tc.search(
        "60k",
        space=kept / "tiny.toml",
        data="digits",
        train_images=300,
        trials=before.done + 1,
        workers=1,
        study=kept / "study.db",
        epochs=recipe["epochs"],
    )
    assert after.done == before.done + 1
    errors = {trial.number: trial.val_errors for trial in after.trials}
    assert all(errors[trial.number] == trial.val_errors for trial in before.trials)
    assert all(trial.test_error is not None for trial in after.front)


def test_an_export_has_the_same_outputs(kept):
    record = read_study(kept / "study.db")
    export_trial(record, record.best, kept / "again", formats=("source",))
    images = torch.rand(4, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        assert torch.equal(
            network_of(kept / "exported")(images), network_of(kept / "again")(images)
        )


def test_a_table_predicts_what_it_did(kept):
    table = TimeTable.read(kept / "table.json")
    times = table.of(Setting())
    timed = read_study(kept / "timed.db")
    predicted = [times.predict(trial.architecture) for trial in timed.front]
    assert any(each is not None and each.ms > 0 for each in predicted)
    table.write(kept / "again.json")
    assert TimeTable.read(kept / "again.json").of(Setting()).networks == times.networks


def test_a_reference_speed_is_read(kept):
    values = json.loads((kept / "reference_speed.json").read_text(encoding="utf-8"))
    machine, milliseconds = _parse(values)
    assert machine == values["machine"]
    assert list(milliseconds) == values["calm_ms"]
