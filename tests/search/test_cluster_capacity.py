"""Workers on a cluster whose processors others hold."""

import time

import pytest
import ray

from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.data import load_data
from nas_tc.errors import DeviceError, NasTcError
from nas_tc.recipe import Recipe
from nas_tc.search import cluster_capacity
from nas_tc.search.pool import Pool
from nas_tc.worker import TrainingResult


def other_class():
    """A class that Ray sends to its processes by value, since they cannot import this file."""

    class Other:
        def __init__(self):
            pass

    return Other


@pytest.fixture
def empty(cluster):
    """The cluster, once it has taken back what the processes of earlier tests held."""
    deadline = time.monotonic() + 60
    while ray.available_resources().get("CPU", 0) < ray.cluster_resources()["CPU"]:
        assert time.monotonic() < deadline, "an earlier test still holds processors"
        time.sleep(0.1)


@pytest.fixture
def other(empty):
    """Somebody else's process, with as many of the two processors as a test says."""
    held = []

    def hold(processors):
        actor = ray.remote(other_class()).options(num_cpus=processors).remote()
        ray.get(actor.__ray_ready__.remote())
        held.append(actor)
        return actor

    yield hold
    for actor in held:
        ray.kill(actor)


@pytest.mark.parametrize("processors", [1, 2])
def test_a_search_that_waits_for_others_says_so_once_and_goes_on(other, monkeypatch, processors):
    data = load_data("digits", side=(8, 8), train_images=100)
    network = Architecture(data.shape, parse_notation("(3,4)"), GAP, 10)
    monkeypatch.setattr(cluster_capacity, "_PATIENCE_S", 1e9)
    notes, answers = [], {}
    holder = other(processors)
    with Pool(data, Recipe(epochs=1), device="cpu", workers=2, note=notes.append) as pool:
        for key in range(2):
            pool.begin(key, network, key)
        while len(answers) < 2 - processors:  # who has a processor may take its time to start
            if answered := pool.next_result(0.5):
                answers.update([answered])
        assert notes == []
        monkeypatch.setattr(cluster_capacity, "_PATIENCE_S", 0.0)
        assert pool.next_result(0.5) is None
        assert notes[0].startswith(f"{processors} of 2 workers wait for a CPU: others held ")
        assert f"held {processors} of the cluster's 2" in notes[0]
        ray.kill(holder)
        while len(answers) < 2:
            if answered := pool.next_result(0.5):
                answers.update([answered])
    assert all(isinstance(each, TrainingResult) for each in answers.values())
    assert len(notes) == 1


def test_workers_that_have_room_do_not_wait(empty, monkeypatch):
    monkeypatch.setattr(cluster_capacity, "_PATIENCE_S", 0.0)
    data = load_data("digits", side=(8, 8), train_images=100)
    network = Architecture(data.shape, parse_notation("(3,4)"), GAP, 10)
    notes = []
    with Pool(data, Recipe(epochs=1), device="cpu", workers=1, note=notes.append) as pool:
        pool.begin(0, network, 0)
        while pool.next_result(0.5) is None:
            pass
    assert notes == []


def test_without_a_gpu_nothing_is_shared(tiny_search):
    with pytest.raises(DeviceError, match="--per-gpu 2: networks share a GPU, and none is used"):
        tiny_search(per_gpu=2, device="cpu")
    with pytest.raises(NasTcError, match="per_gpu must be 1 or more, not 0"):
        tiny_search(per_gpu=0)
    with pytest.raises(NasTcError, match="as in 4GiB"):
        tiny_search(memory_limit="4")
