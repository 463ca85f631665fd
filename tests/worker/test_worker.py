import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load

from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.data import load_data
from nas_tc.module import build
from nas_tc.recipe import Recipe
from nas_tc.training import Images, confusion_of, images_on, train
from nas_tc.training.scaling import scaled
from nas_tc.worker import Worker
from nas_tc.worker.worker import _images_note


def test_a_worker_loads_torch_and_no_more():
    """What it does not need would take each worker of a search two seconds to load."""
    program = (
        "import sys, nas_tc.worker\n"
        "needless = {'matplotlib', 'optuna', 'pandas', 'pyarrow', 'ray', 'scipy', 'sklearn'}\n"
        "sys.exit(str(needless & set(sys.modules)) if needless & set(sys.modules) else 0)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize("text", ["CUDA error: out of memory\nadvice", "no such kernel"])
def test_a_network_that_does_not_come_to_the_device_is_stopped_for_memory_alone(monkeypatch, text):
    def build(*_, **__):
        raise RuntimeError(text)

    monkeypatch.setattr("nas_tc.worker.worker.build", build)
    worker = Worker(load_data("digits", side=(8, 8)), Recipe(epochs=1), "cpu")
    network = Architecture((1, 8, 8), parse_notation("(3,4)"), GAP, 10)
    if "memory" in text:
        assert worker.begin(network, 0).diverged.startswith("out of memory: about")
        monkeypatch.undo()
        assert worker.begin(network, 0).rung.epoch == 1  # the worker goes on
    else:
        with pytest.raises(RuntimeError, match=text):
            worker.begin(network, 0)


def test_a_network_of_another_size_learns_and_is_tested_on_scaled_images():
    """As on images that were stored at its size, where no crop reaches beyond."""
    data, recipe = load_data("digits", side=(16, 16)), Recipe(epochs=1, augment=())
    network = Architecture((1, 11, 12), parse_notation("(3,4)"), GAP, 10)
    worker = Worker(data, recipe, "cpu")
    found = worker.begin(network, 3)

    def stored(split):
        pixels = scaled(torch.from_numpy(split.images), (11, 12)).numpy()
        return replace(split, images=pixels)

    small = [stored(each) for each in (data.train, data.validation, data.test)]
    expected = build(network, seed=3, mean=data.moments[0], std=data.moments[1])
    train_split, validation, test = (images_on(torch.device("cpu"), each) for each in small)
    (rung,) = train(expected, train_split, validation, recipe, seed=3)
    assert (found.rung.val_error, found.rung.train_loss) == (rung.val_error, rung.train_loss)
    weights = load(found.weights)
    assert all(torch.equal(weights[key], value) for key, value in expected.state_dict().items())
    assert worker.test(network, found.weights) == confusion_of(expected, test)
    full = worker.begin(replace(network, input=(1, 16, 16)), 3)  # and the next one its own
    assert full.rung.train_loss != rung.train_loss


def test_what_is_said_of_images_that_the_gpu_has_no_room_for():
    data = load_data("digits", side=(8, 8))
    images = Images(torch.from_numpy(data.train.images), torch.from_numpy(data.train.labels))
    assert _images_note(data, images) is None
    note = _images_note(data, replace(images, streamed=True))
    assert note.startswith("the 1,079 training images take 0.1 MiB, more than half of what")
