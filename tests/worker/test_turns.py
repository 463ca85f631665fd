"""Workers on GPUs take turns with those that measure times; the lock is real, the GPU is not."""

import threading
from types import SimpleNamespace

import pytest
import torch

from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.data import load_data
from nas_tc.recipe import Recipe
from nas_tc.timing import NodeLock
from nas_tc.worker import Worker, worker

SMALL = Architecture((1, 8, 8), parse_notation("(3,4)"), GAP, 10)
RECIPE = Recipe(epochs=2, batch_size=32)  # 33 steps an epoch


@pytest.fixture
def gpus(monkeypatch, tmp_path):
    """Makes workers that take the processor for a GPU; counts its synchronisations."""
    found = SimpleNamespace(waits=0, uuid="GPU-1")

    def synchronize(_):
        found.waits += 1

    monkeypatch.setattr("torch.cuda.synchronize", synchronize)
    monkeypatch.setattr(worker, "gpu_uuid", lambda _: found.uuid)
    monkeypatch.setattr(worker, "keep_to_part", lambda *_: None)
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    cpu = torch.device("cpu")
    real = worker.images_on
    monkeypatch.setattr(worker, "images_on", lambda _, split, **how: real(cpu, split, **how))

    def on_gpu(*, sharers=1, alone=True):
        monkeypatch.setattr(worker, "choose_device", lambda _: torch.device("cuda"))
        made = Worker(
            load_data("digits", side=(8, 8)), RECIPE, "cuda", alone=alone, sharers=sharers
        )
        made._device = cpu  # trains where there is something to train on
        return made

    found.worker = on_gpu
    return found


def times_at_once(gpu):
    """Whether somebody could measure times on a GPU right now."""
    done = threading.Event()

    def take_the_time():
        with NodeLock(gpu=gpu).timing():
            done.set()

    threading.Thread(target=take_the_time, daemon=True).start()
    return done.wait(5)


def test_a_worker_that_has_a_gpu_to_itself_never_waits_for_it(gpus):
    alone = gpus.worker()
    alone.begin(SMALL, 0)
    alone.advance()
    assert gpus.waits == 0


def test_workers_that_share_a_gpu_wait_for_it_every_twenty_steps(gpus):
    shared = gpus.worker(sharers=2)
    shared.begin(SMALL, 0)
    steps = 33 + 1  # and one batch of validation images
    assert gpus.waits == -(-steps // 20)


def test_the_lock_is_free_between_rungs_and_held_within_a_turn(gpus, monkeypatch):
    shared = gpus.worker(sharers=2)
    shared.begin(SMALL, 0)
    assert times_at_once("GPU-1")
    turns = shared._turns
    for _ in range(19):
        with turns.step():
            pass
    lock = NodeLock(gpu="GPU-1")
    blocked = threading.Thread(target=lambda: lock.timing().__enter__(), daemon=True)
    blocked.start()
    blocked.join(0.1)
    assert blocked.is_alive()
    with turns.step():
        pass
    blocked.join(60)
    assert not blocked.is_alive()


def test_a_timing_on_one_gpu_leaves_another_and_the_processors_alone(gpus):
    with NodeLock(gpu="GPU-2").timing():
        shared = gpus.worker(sharers=2)
        shared.begin(SMALL, 0)  # would wait for ever
        with NodeLock().step():
            pass
    assert times_at_once("GPU-1")


def test_the_lock_is_let_go_when_a_step_fails(gpus, monkeypatch):
    shared = gpus.worker(sharers=2)

    def broken(*_, **__):
        with shared._step_context():
            raise RuntimeError("CUDA error: device-side assert triggered")
        yield

    monkeypatch.setattr(worker, "climb", broken)
    with pytest.raises(RuntimeError, match="device-side assert"):
        shared.begin(SMALL, 0)
    assert times_at_once("GPU-1")


def test_the_lock_is_let_go_when_the_gpu_is_lost(gpus, monkeypatch):
    shared = gpus.worker(sharers=2)

    def lost(_):
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    monkeypatch.setattr("torch.cuda.synchronize", lost)
    with pytest.raises(RuntimeError, match="illegal memory access"):
        shared.begin(SMALL, 0)
    assert times_at_once("GPU-1")
