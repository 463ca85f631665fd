"""One network by several workers through Ray Train."""

import sys

import pytest

from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.data import load_data
from nas_tc.errors import DeviceError, NasTcError
from nas_tc.parallel import finish_together
from nas_tc.training import DivergedError, Recipe, finish

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
    alone = finish(small, digits, recipe, tmp_path / "alone")
    heard = []
    together = finish_together(
        small, digits, recipe, tmp_path / "two", workers=2, device="cpu", after_epoch=heard.append
    )
    assert [len(curve) for curve in heard] == [1, 2, 3]
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
        finish(small, digits, recipe, tmp_path / "half", after_epoch=stop)
    resumed = []
    gone_on = finish_together(
        small, digits, recipe, tmp_path / "half", workers=2, device="cpu", resumed=resumed.append
    )
    assert resumed == [1]
    assert [p.train_loss for p in gone_on.curve] == pytest.approx(
        [p.train_loss for p in alone.curve], rel=2e-3
    )


@pytest.mark.slow
def test_what_goes_wrong_in_a_worker_is_told(digits, small, tmp_path):
    with pytest.raises(DivergedError, match="the loss is"):
        finish_together(
            small, digits, Recipe(epochs=9, learning_rate=1e30), tmp_path, workers=2, device="cpu"
        )


def test_what_cannot_be_trained_together(cluster, digits, small, tmp_path, monkeypatch):
    with pytest.raises(NasTcError, match="cannot be parted among 3 workers"):
        finish_together(small, digits, Recipe(), tmp_path, workers=3)
    with pytest.raises(DeviceError, match="--workers 8: Ray has 2 CPUs; ask for fewer"):
        finish_together(small, digits, Recipe(), tmp_path, workers=8, device="cpu")
    monkeypatch.setitem(sys.modules, "ray.train.torch", None)
    with pytest.raises(DeviceError, match=r"needs Ray Train .*pip install 'nas-tc\[parallel\]'"):
        finish_together(small, digits, Recipe(), tmp_path, workers=2)
