"""Free memory, of a machine and of a container on it."""

import numpy as np
import pytest
import torch

from nas_tc.data import Split
from nas_tc.training.memory import free_bytes, keep_to_part, room_for_images

CPU = torch.device("cpu")
GPU = torch.device("cuda")
FOUR = Split(np.arange(48, dtype=np.uint8).reshape(4, 2, 2, 3), np.arange(4))


@pytest.mark.parametrize(("sharers", "room"), [(1, 450), (2, 200), (10, 0), (11, 0)])
def test_images_get_half_of_what_a_process_may_have_of_the_gpu(gpu, sharers, room):
    assert room_for_images(GPU, sharers) == room


def test_workers_that_share_a_gpu_count_their_part_of_its_memory(monkeypatch):
    kept = []
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (6000, 8000))
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda _: 500)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 3)
    monkeypatch.setattr(torch.cuda, "set_per_process_memory_fraction", lambda *a: kept.append(a))
    assert [free_bytes(GPU, sharers) for sharers in (1, 2, 20)] == [6000, 3500, 0]
    for sharers in (1, 4):
        keep_to_part(GPU, sharers)
        keep_to_part(CPU, sharers)
    assert kept == [(1 / 4, 3)]  # torch refuses a device without a number here


@pytest.mark.gpu
def test_a_worker_keeps_to_its_part_of_a_gpu():
    keep_to_part(GPU, 2)
    assert torch.cuda.get_per_process_memory_fraction(0) == 0.5
    torch.cuda.set_per_process_memory_fraction(1.0, 0)
