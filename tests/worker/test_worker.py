import subprocess
import sys
from dataclasses import replace

import pytest
import torch

from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.data import load_data
from nas_tc.recipe import Recipe
from nas_tc.training import Images
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


def test_what_is_said_of_images_that_the_gpu_has_no_room_for():
    data = load_data("digits", side=(8, 8))
    images = Images(torch.from_numpy(data.train.images), torch.from_numpy(data.train.labels))
    assert _images_note(data, images) is None
    note = _images_note(data, replace(images, streamed=True))
    assert note.startswith("the 1,079 training images take 0.1 MiB, more than half of what")
