"""One network by several workers through Ray Train."""

import sys
from pathlib import Path
from typing import ClassVar

import pytest
import torch
from safetensors.torch import save_file

from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.data import load_data
from nas_tc.errors import DeviceError, NasTcError
from nas_tc.module import build
from nas_tc.parallel import train_in_parallel
from nas_tc.parallel.full_training import _cause
from nas_tc.recipe import Recipe
from nas_tc.training import DivergedError, train_fully

# Ray Train reads its own deprecated settings.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:ray")


@pytest.fixture(scope="module")
def digits():
    return load_data("digits", side=(16, 16), train_images=320)


@pytest.fixture(scope="module")
def small(digits):
    stages = parse_notation("(3,8)/2 | (3,16)/2")
    return Architecture(digits.shape, stages, GAP, len(digits.classes), norm="none")


@pytest.mark.slow
def test_two_workers_give_what_one_gives_and_go_on_from_its_checkpoint(digits, small, tmp_path):
    recipe = Recipe(epochs=3, augment=("crop",), learning_rate=0.02)
    alone = train_fully(small, digits, recipe, tmp_path / "alone")
    curves = []
    together = train_in_parallel(
        small, digits, recipe, tmp_path / "two", workers=2, device="cpu", after_epoch=curves.append
    )
    assert [len(curve) for curve in curves] == [1, 2, 3]
    assert [p.train_loss for p in together.curve] == pytest.approx(
        [p.train_loss for p in alone.curve], rel=2e-3
    )
    assert not (tmp_path / "two" / "ray-train").exists()

    class StoppedError(Exception):
        pass

    def stop(curve):
        if len(curve) == 1:
            raise StoppedError

    with pytest.raises(StoppedError):
        train_fully(small, digits, recipe, tmp_path / "half", after_epoch=stop)
    resumed = []
    gone_on = train_in_parallel(
        small, digits, recipe, tmp_path / "half", workers=2, device="cpu", resumed=resumed.append
    )
    assert resumed == [1]
    assert [p.train_loss for p in gone_on.curve] == pytest.approx(
        [p.train_loss for p in alone.curve], rel=2e-3
    )


@pytest.mark.slow
def test_what_goes_wrong_in_a_worker_is_told(digits, small, tmp_path):
    with pytest.raises(DivergedError, match="the loss is"):
        train_in_parallel(
            small, digits, Recipe(epochs=9, learning_rate=1e30), tmp_path, workers=2, device="cpu"
        )


@pytest.mark.slow
def test_workers_find_the_weights_to_begin_with(digits, small, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    weights = {k: v.contiguous() for k, v in build(small, seed=5).state_dict().items()}
    save_file(weights, "begin.safetensors")
    recipe = Recipe(epochs=1, learning_rate=1e-9)
    begun = train_in_parallel(
        small, digits, recipe, Path("out"), workers=2, device="cpu",
        initial=Path("begin.safetensors"),
    )  # fmt: skip
    (weight, *_) = begun.network.layers.parameters()
    (first, *_) = build(small, seed=5).layers.parameters()
    assert torch.allclose(weight, first, atol=1e-6)
    assert (tmp_path / "out" / "checkpoint.pt").exists()


def test_a_folder_that_cannot_be_made_is_one_line(digits, small, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(NasTcError, match=r"cannot write into .*file/out: Not a directory; choose"):
        train_in_parallel(small, digits, Recipe(), tmp_path / "file" / "out", workers=2)


@pytest.mark.parametrize("said", [NasTcError("no memory"), DivergedError("the loss is nan")])
def test_the_cause_is_the_error_that_a_user_can_put_right(said):
    class FailedError(Exception):
        worker_failures: ClassVar = {0: RuntimeError("gloo: closed\nby peer"), 1: said}

    assert _cause(FailedError()) is said
    FailedError.worker_failures = {0: RuntimeError("gloo: closed by peer\n")}
    assert str(_cause(FailedError())) == "worker 0 failed: RuntimeError: gloo: closed by peer"


LOST = "CUDA error: device-side assert triggered\nCompile with `TORCH_USE_CUDA_DSA` to enable it"


@pytest.mark.parametrize(
    "text", [LOST, f"Traceback\n  File\ntorch.AcceleratorError: {LOST}"], ids=["text", "traceback"]
)
def test_a_lost_gpu_is_named_and_not_the_workers_that_waited_for_it(text):
    class FailedError(Exception):
        worker_failures: ClassVar = {0: RuntimeError("NCCL: timeout"), 1: RuntimeError(text)}

    kind = "AcceleratorError" if "Traceback" in text else "RuntimeError"
    assert str(_cause(FailedError())) == (
        f"worker 1 failed: {kind}: CUDA error: device-side assert triggered"
    )


def test_what_cannot_be_trained_together(cluster, digits, small, tmp_path, monkeypatch):
    with pytest.raises(NasTcError, match="cannot be split evenly among 3 workers"):
        train_in_parallel(small, digits, Recipe(), tmp_path, workers=3)
    with pytest.raises(DeviceError, match="--workers 8: Ray has 2 CPUs; ask for fewer"):
        train_in_parallel(small, digits, Recipe(), tmp_path, workers=8, device="cpu")
    monkeypatch.setitem(sys.modules, "ray.train.torch", None)
    with pytest.raises(DeviceError, match=r"needs Ray Train .*pip install 'nas-tc\[parallel\]'"):
        train_in_parallel(small, digits, Recipe(), tmp_path, workers=2)
