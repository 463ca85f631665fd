"""Every format is run again in its own runtime before it takes its place."""

import json
import subprocess
import sys
from hashlib import sha256

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

import nas_tc
from nas_tc.errors import DeviceError, ExportError, UnknownNameError
from nas_tc.export import export_trial, formats, parse_formats, write
from nas_tc.export.formats import FILES
from nas_tc.export.program import read_program
from nas_tc.module import build
from nas_tc.study import weights_file
from nas_tc.study.images import images_of

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
NAMES = ("network.pt2", "network.onnx", "network.int8.onnx")


@pytest.fixture(scope="module")
def images(study):
    return images_of(study)


@pytest.fixture(scope="module")
def exported(study, images, tmp_path_factory):
    """A folder with all formats of the best trial, and what was compared."""
    out = tmp_path_factory.mktemp("export") / "out"
    written = export_trial(study, study.best, out, images=images, int8_loss=1.0)
    return out, written


def test_all_formats_are_compared_on_the_test_images(exported, study):
    out, written = exported
    assert all((out / name).stat().st_size > 1000 for name in NAMES)
    assert [each.format for each in written.checks] == ["source", "pt2", "onnx", "int8"]
    source, program, exact, eight = written.checks
    assert source.largest_difference == 0
    assert program.is_exact
    assert exact.is_exact
    assert 0 < eight.largest_difference < 0.2 * eight.largest_score
    report = json.loads((out / "verification.json").read_text())
    assert report["compared_images"] == 359 == written.trained.confusion.images
    assert report["trained"]["error"] == written.trained.confusion.error
    assert report["files"]["int8"]["error"] == eight.confusion.error
    assert report["files"]["onnx"]["largest_difference"] == exact.largest_difference
    assert report["calibration_images"] == 256
    for each, name in FILES.items():
        assert report["files"][each]["sha256"] == sha256((out / name).read_bytes()).hexdigest()
    card = (out / "README.md").read_text()
    assert "| `network.int8.onnx` |" in card
    assert f"{eight.confusion.error:.2%}" in card
    assert not list(out.glob(".export-*"))


def test_the_program_has_any_batch(exported, study):
    network = read_program(exported[0] / "network.pt2")
    assert network(torch.rand(7, 1, 32, 32)).shape == (7, 10)


def test_the_onnx_file_knows_its_classes_and_its_images(exported):
    session = onnxruntime.InferenceSession(str(exported[0] / "network.int8.onnx"))
    texts = session.get_modelmeta().custom_metadata_map
    assert json.loads(texts["classes"]) == [str(digit) for digit in range(10)]
    assert json.loads(texts["preprocess"])["height"] == 32


def test_the_example_of_onnxruntime_needs_no_torch(exported, study):
    out, _ = exported
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32), dtype=np.uint8)
    Image.fromarray(pixels).save(out / "photo.png")
    code = (
        "import runpy, sys\n"
        "sys.path.insert(0, '')\n"
        "for model in ('network.onnx', 'network.int8.onnx'):\n"
        "    sys.argv = ['classify_onnx.py', '--model', model, 'photo.png']\n"
        "    runpy.run_path('classify_onnx.py')\n"
        "assert not {'torch', 'nas_tc'} & set(sys.modules)\n"
    )
    command = [sys.executable, "-c", code]
    ran = subprocess.run(command, cwd=out, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    scores = nas_tc.load(out)(torch.from_numpy(pixels / np.float32(255))[None, None])
    assert ran.stdout.splitlines()[0].startswith(f"photo.png: {scores.argmax()} (")


def test_a_network_is_loaded_back(exported, study):
    network = nas_tc.load(exported[0])
    trained = build(study.best.architecture)
    trained.load_state_dict(load_file(weights_file(study.path, study.best.number)))
    batch = torch.rand(3, 1, 32, 32)
    with torch.inference_mode():
        assert torch.equal(network(batch), trained.eval()(batch))


def test_a_file_that_computes_something_else_is_refused(study, images, tmp_path, monkeypatch):
    own = write.write_deployed

    def other(format, folder, architecture, network, *rest):
        wrong = build(architecture, seed=99).eval()
        own(format, folder, architecture, wrong, *rest)

    monkeypatch.setattr(write, "write_deployed", other)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").touch()
    with pytest.raises(ExportError, match=r"trial 1: network.onnx: a score differs .* by \d"):
        export_trial(study, study.best, tmp_path / "out", formats=("onnx",), images=images)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.txt"]
    with pytest.raises(ExportError, match=r"network\.onnx"):
        export_trial(study, study.best, tmp_path / "new", formats=("onnx",), images=images)
    assert not (tmp_path / "new").exists()


def test_8_bits_that_cost_too_much_are_refused(study, images, tmp_path, monkeypatch):
    monkeypatch.setattr(write, "available_formats", lambda: ("source", "int8"))
    out = tmp_path / "out"
    with pytest.raises(ExportError, match=r"8 bits raise the test error from .* --int8-loss"):
        export_trial(study, study.best, out, formats=("int8",), images=images, int8_loss=-1.0)
    written = export_trial(study, study.best, out, images=images, int8_loss=-1.0)
    assert "8 bits raise" in written.left_out["int8"]
    assert not (out / "network.int8.onnx").exists()
    assert "`int8` is not here" in (out / "README.md").read_text()


def test_without_images_the_comparison_is_on_noise(study, tmp_path, monkeypatch):
    monkeypatch.setattr(write, "available_formats", lambda: ("source", "onnx", "int8"))
    for name in ("network.pt2", "verification.json"):  # of an earlier export
        (tmp_path / name).touch()
    written = export_trial(study, study.best, tmp_path)
    assert written.images == "32 images of noise"
    assert "calibrate" in written.left_out["int8"]
    assert not (tmp_path / "network.pt2").exists()
    assert (tmp_path / "network.onnx").exists()


def test_formats_are_named(monkeypatch):
    assert parse_formats(None) == ("source", "pt2", "onnx", "int8")
    assert parse_formats("int8, onnx") == ("source", "onnx", "int8")
    with pytest.raises(UnknownNameError, match=r"unknown format 'onx' .*did you mean 'onnx'\?"):
        parse_formats("source,onx")
    monkeypatch.setattr(formats, "ort_version", lambda: None)
    assert parse_formats(None) == ("source", "pt2")
    with pytest.raises(DeviceError, match=r"pip install 'nas-tc\[onnx\]'"):
        parse_formats("int8")


def test_a_folder_without_a_network(tmp_path):
    with pytest.raises(ExportError, match="no exported network"):
        nas_tc.load(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("network.json", "{}", "network.json: describes no network .*lacks the key"),
        ("network.json", "{", "network.json: describes no network"),
        ("network.json", "[]", "network.json: describes no network"),
        ("weights.safetensors", "", "weights.safetensors: not the weights of this network"),
        ("weights.safetensors", "x" * 99, "weights.safetensors: not the weights of this network"),
        ("weights.safetensors", None, "has no weights.safetensors any more"),
    ],
)
def test_a_folder_that_was_changed(study, tmp_path, name, content, message):
    export_trial(study, study.best, tmp_path / "out", formats=("source",))
    changed = tmp_path / "out" / name
    if content is None:
        changed.unlink()
    else:
        changed.write_text(content)
    with pytest.raises(ExportError, match=message + ".*; write the folder anew with nas-tc exp"):
        nas_tc.load(tmp_path / "out")


def test_weights_of_another_network(study, tmp_path):
    for name, trial in (("one", study.trials[0]), ("other", study.trials[1])):
        export_trial(study, trial, tmp_path / name, formats=("source",))
    (tmp_path / "one" / "weights.safetensors").replace(tmp_path / "other" / "weights.safetensors")
    with pytest.raises(ExportError, match="they are of another one"):
        nas_tc.load(tmp_path / "other")


def test_weights_with_a_flipped_bit(study, tmp_path):
    export_trial(study, study.best, tmp_path / "out", formats=("source",))
    weights = tmp_path / "out" / "weights.safetensors"
    content = bytearray(weights.read_bytes())
    content[-2] ^= 1  # of a value, which still is one
    weights.write_bytes(content)
    with pytest.raises(ExportError, match=r"not as it was exported .* delete verification\.json"):
        nas_tc.load(tmp_path / "out")
    (tmp_path / "out" / "verification.json").unlink()
    nas_tc.load(tmp_path / "out")
    for damaged in ("", "[]", '{"files": {"source": {}}}', '{"files": 1}'):
        (tmp_path / "out" / "verification.json").write_text(damaged)
        nas_tc.load(tmp_path / "out")
