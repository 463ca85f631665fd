"""Exported networks run by themselves, in a process that knows torch and safetensors alone."""

import re
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from nas_tc.errors import NasTcError, StudyError
from nas_tc.export import export_trial
from nas_tc.module import build
from nas_tc.study import weights_file


def network_of(source):
    """The module that a source defines, imported from nothing but text."""
    names = {}
    exec(compile(source, "network.py", "exec"), names)
    return names["Network"]()


def test_a_trial_is_handed_over(study, tmp_path):
    trial = study.best
    written = export_trial(study, trial, tmp_path / "out", formats=("source",))
    assert [path.name for path in written.paths] == [
        "network.py", "network.json", "weights.safetensors", "preprocess.py", "preprocess.json",
        "classify.py", "verification.json", "README.md",
    ]  # fmt: skip
    readme = written.paths[-1].read_text()
    assert trial.network in readme
    assert "10.00% (359 images of digits)" in readme
    assert "12.50% (359 images)" in readme

    images = torch.rand(3, *trial.architecture.input)
    torch.save(images, tmp_path / "images.pt")
    (lines,) = re.findall(r"```python\n(.*?)```", readme, flags=re.DOTALL)
    assert len(lines.splitlines()) == 3
    Image.new("RGB", (50, 40)).save(tmp_path / "out" / "photo.png")
    code = (
        "import sys, torch\n"
        + lines
        + "import runpy; sys.argv = ['classify.py', 'photo.png']\n"
        + "runpy.run_path('classify.py')\n"
        + f"images = torch.load({str(tmp_path / 'images.pt')!r})\n"
        + f"torch.save(network(images).detach(), {str(tmp_path / 'scores.pt')!r})\n"
        + "assert not any(name.startswith('nas_tc') for name in sys.modules)\n"
    )
    command = [sys.executable, "-c", code]
    ran = subprocess.run(command, cwd=tmp_path / "out", check=True, capture_output=True, text=True)
    label, example = ran.stdout.splitlines()  # the class of the photo, twice
    assert label in [str(digit) for digit in range(10)]
    assert example.startswith(f"photo.png: {label} (")
    trained = build(trial.architecture)
    trained.load_state_dict(load_file(weights_file(study.path, trial.number)))
    with torch.inference_mode():
        assert torch.equal(torch.load(tmp_path / "scores.pt"), trained.eval()(images))


def test_a_trial_without_weights(study, tmp_path):
    with pytest.raises(StudyError, match=r"trial 3 \(pruned\) has no weights: .*: 0, 1$"):
        export_trial(study, study.trial(3), tmp_path, formats=("source",))
    with pytest.raises(StudyError, match="no trial 9; there are 0 to 4"):
        study.trial(9)


def test_what_can_be_exported_is_named_beyond_the_front(study, tmp_path):
    record = replace(study, path=tmp_path / "other.db")
    file = weights_file(record.path, 2)  # behind the front
    file.parent.mkdir(parents=True)
    shutil.copy(weights_file(study.path, 1), file)
    with pytest.raises(StudyError, match=r"trial 1 \(complete\) has no weights: .*: 2$"):
        export_trial(record, record.trial(1), tmp_path / "out")
    file.unlink()
    with pytest.raises(StudyError, match=r"near it: none yet$"):
        export_trial(record, record.trial(1), tmp_path / "out")


def test_of_many_the_nearest_are_named(study, tmp_path):
    trials = tuple(replace(study.trial(0), number=n, complexity=100 * n) for n in range(20))
    record = replace(study, path=tmp_path / "many.db", trials=trials)
    weights_file(record.path, 0).parent.mkdir(parents=True)
    for number in range(1, 20):
        weights_file(record.path, number).touch()
    message = r"near it: 1, 2, 3, 4, 5, 6, 7, 8 have the nearest costs, and 11 others have weights$"
    with pytest.raises(StudyError, match=message):
        export_trial(record, trials[0], tmp_path / "out")


def test_a_folder_that_cannot_be_written(study, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(NasTcError, match="file is a file; name a folder for the export with --out"):
        export_trial(study, study.best, tmp_path / "file")
