import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
import torch

from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.errors import NasTcError
from nas_tc.module import build
from nas_tc.recipe import Recipe
from nas_tc.training import (
    DivergedError,
    Images,
    OutOfMemoryError,
    Training,
    check_fits,
    error_of_views,
    images_on,
    train_fully,
)
from nas_tc.training.scaling import scaled
from small_training import few_digits, images, same, small


@pytest.fixture(scope="module")
def digits():
    return few_digits()


class StoppedError(Exception):
    pass


@pytest.mark.parametrize(
    "fields",
    [{"ema": 0.9}, {"batches": "balanced"}, {"class_weights": "balanced"}],
    ids=lambda fields: next(iter(fields)),
)
def test_a_stopped_training_ends_as_if_it_had_never_stopped(digits, tmp_path, fields):
    architecture, recipe = small(digits), Recipe(epochs=4, augment=("crop",), **fields)

    def stop(curve):
        if len(curve) == 2:
            raise StoppedError

    with pytest.raises(StoppedError):
        train_fully(architecture, digits, recipe, tmp_path / "a", after_epoch=stop)
    went_on = []
    resumed = train_fully(architecture, digits, recipe, tmp_path / "a", resumed=went_on.append)
    straight = train_fully(architecture, digits, recipe, tmp_path / "b")
    assert went_on == [2]
    assert same(resumed.network, straight.network)
    assert [p.val_error for p in resumed.curve] == [p.val_error for p in straight.curve]
    assert resumed.single_view == straight.single_view


def test_a_window_is_scaled_to_a_network_of_another_size(digits, tmp_path):
    recipe = Recipe(epochs=1, margin=2, views=10)
    network = replace(small(digits), input=(1, 6, 6))
    found = train_fully(network, digits, recipe, tmp_path)
    test = images_on(torch.device("cpu"), digits.test, 2)
    window = scaled(test.pixels[:, 1:-1, 1:-1], (6, 6))
    assert found.single_view == error_of_views(found.network, Images(window, test.labels))
    assert found.ten_view.views == 10


def test_a_checkpoint_of_before_a_field_was_added_is_resumed(digits, tmp_path):
    recipe = Recipe(epochs=1)
    train_fully(small(digits), digits, recipe, tmp_path)
    file = tmp_path / "checkpoint.pt"
    kept = torch.load(file, weights_only=True)
    del kept["identity"]["recipe"]["class_weights"], kept["identity"]["recipe"]["batches"]
    torch.save(kept, file)
    went_on = []
    train_fully(small(digits), digits, recipe, tmp_path, resumed=went_on.append)
    assert went_on == [1]
    weighted = Recipe(epochs=1, class_weights="balanced")
    with pytest.raises(NasTcError, match="its recipe is different"):
        train_fully(small(digits), digits, weighted, tmp_path)


def test_a_checkpoint_of_another_training_is_refused(digits, tmp_path):
    train_fully(small(digits), digits, Recipe(epochs=1), tmp_path)
    with pytest.raises(NasTcError, match="its recipe is different"):
        train_fully(small(digits), digits, Recipe(epochs=2), tmp_path)
    with pytest.raises(NasTcError, match="its seed is different"):
        train_fully(small(digits), digits, Recipe(epochs=1), tmp_path, seed=1)
    (tmp_path / "checkpoint.pt").write_bytes(b"broken")
    with pytest.raises(NasTcError, match=r"not a checkpoint, or a broken one; remove it"):
        train_fully(small(digits), digits, Recipe(epochs=1), tmp_path)


def test_a_folder_that_cannot_be_written_is_told_before_the_first_epoch(digits, tmp_path):
    (tmp_path / "file").touch()
    for out, reason in (("file", "File exists"), ("file/under", "Not a directory")):
        curves = []
        with pytest.raises(NasTcError, match=f"cannot write into .*{out}: {reason}; choose"):
            train_fully(
                small(digits), digits, Recipe(epochs=1), tmp_path / out, after_epoch=curves.append
            )
        assert curves == []


@pytest.mark.faults
def test_a_killed_program_goes_on(tmp_path):
    command = [
        sys.executable, "-c", "from nas_tc.cli.main import main; main()", "train",
        "(3,8)/2 | (3,16)/2", "--head", "gap", "--norm", "batch", "--input", "1x32x32",
        "--data", "digits", "--set", "epochs=40", "--out", str(tmp_path),
    ]  # fmt: skip
    killed = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while not (tmp_path / "checkpoint.pt").exists() and killed.poll() is None:
        time.sleep(0.1)  # for as long as it takes: the machine may be busy
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    assert not (tmp_path / "result.json").exists()
    again = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "going on after epoch" in again.stdout
    assert len((tmp_path / "curve.csv").read_text().splitlines()) == 41


def test_a_loss_that_is_no_number_ends_the_training_in_its_first_steps(digits):
    network = build(small(digits))
    with torch.no_grad():
        network.layers[0].weight.fill_(float("nan"))
    steps = []
    network.layers[0].register_forward_hook(lambda *_: steps.append(1))
    run = Training(network, images(digits.train), Recipe(epochs=3), seed=0)
    with pytest.raises(DivergedError, match="the loss is nan in epoch 1"):
        run.run_epoch()
    assert len(steps) == 1


def test_a_network_beyond_the_memory_is_refused_with_the_estimate():
    huge = Architecture((3, 512, 512), parse_notation("(3,4096)x50"), GAP, 10)
    with pytest.raises(OutOfMemoryError, match=r"out of memory: about [\d,.]+ GiB for 512 images"):
        check_fits(huge, 512, torch.device("cpu"))


def test_only_what_is_still_to_be_trained_needs_memory(digits, tmp_path, monkeypatch):
    once, recipe = small(digits), Recipe(epochs=1)
    trained = train_fully(once, digits, recipe, tmp_path)
    monkeypatch.setattr("nas_tc.training.memory.free_bytes", lambda *_: 1000)
    tested = train_fully(once, digits, recipe, tmp_path)  # as after a training by several workers
    assert tested.single_view == trained.single_view
    with pytest.raises(OutOfMemoryError):
        train_fully(once, digits, recipe, tmp_path / "fresh")


@pytest.mark.parametrize("where", ["images_on", "Training", "error_of_views"])
def test_memory_that_runs_out_anywhere_is_one_line(digits, tmp_path, monkeypatch, where):
    def full(*_, **__):
        raise RuntimeError("CUDA error: out of memory\nCompile with `TORCH_USE_CUDA_DSA`")

    monkeypatch.setattr(f"nas_tc.training.full_training.{where}", full)
    with pytest.raises(OutOfMemoryError, match=r"^out of memory: about .* for 64 images a step$"):
        train_fully(small(digits), digits, Recipe(epochs=1), tmp_path)


def test_weights_to_begin_with_that_are_not_there(digits, tmp_path):
    with pytest.raises(NasTcError, match=r"cannot read the weights .*no: No such file"):
        train_fully(small(digits), digits, Recipe(epochs=1), tmp_path, initial=tmp_path / "no")


def test_a_worker_reports_what_does_not_fit_and_goes_on(digits, monkeypatch):
    from nas_tc.worker import Worker

    monkeypatch.setattr("nas_tc.worker.worker.settle_on_core", lambda: None)  # not this process
    worker = Worker(digits, Recipe(epochs=1), "cpu")
    huge = Architecture(digits.shape, parse_notation("(3,60000)x9"), GAP, 10)
    assert worker.begin(huge, 0).diverged.startswith("out of memory: about")

    def exhausted(*_, **__):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate")

    with monkeypatch.context() as patched:
        patched.setattr("nas_tc.worker.worker.climb", lambda *a, **k: iter(exhausted, None))
        assert worker.begin(small(digits), 0).diverged.startswith("out of memory: about")
    assert worker.begin(small(digits), 0).rung.epoch == 1
