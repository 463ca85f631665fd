"""Free memory, of a machine and of a container on it."""

import numpy as np
import pytest
import torch

from nas_tc import _memory
from nas_tc.data import Split
from nas_tc.data.memory import default_limit
from nas_tc.errors import DeviceError
from nas_tc.training import images_on
from nas_tc.training.batches import plain_batches, to_float
from nas_tc.training.device import autocast_dtype
from nas_tc.training.memory import free_bytes, keep_to_part, room_for_images

CPU = torch.device("cpu")


@pytest.fixture
def system(tmp_path, monkeypatch):
    """A machine with 8 GiB free, its process in the group a/b, as files."""
    monkeypatch.setattr(_memory, "_PROC", tmp_path / "proc")
    monkeypatch.setattr(_memory, "_CGROUPS", tmp_path / "groups")
    (tmp_path / "proc" / "self").mkdir(parents=True)
    (tmp_path / "proc" / "meminfo").write_text(
        f"MemTotal:  {2**24} kB\nMemAvailable:  {2**23} kB\nHugePages_Total:       0\n"
    )
    (tmp_path / "proc" / "self" / "cgroup").write_text("4:memory:/other\n0::/a/b\n")
    (tmp_path / "groups" / "a" / "b").mkdir(parents=True)
    return tmp_path


def limit(folder, most, used, files):
    (folder / "memory.max").write_text(f"{most}\n")
    (folder / "memory.current").write_text(f"{used}\n")
    (folder / "memory.stat").write_text(f"anon 5\ninactive_file {files}\nactive_file 7\n")


def test_without_a_limit_the_machine_counts(system):
    assert free_bytes(CPU) == 2**33
    limit(system / "groups" / "a" / "b", "max", 2**30, 0)
    assert free_bytes(CPU) == 2**33
    assert default_limit() == int(0.3 * 2**33)


@pytest.mark.parametrize("group", ["a/b", "a", "."])
def test_the_limit_of_a_container_counts(system, group):
    limit(system / "groups" / group, 2**30, 3 * 2**28, 2**27)
    assert free_bytes(CPU) == 2**28 + 2**27
    assert default_limit() == int(0.3 * (2**28 + 2**27))
    limit(system / "groups" / group, 2**30, 2**31, 0)
    assert free_bytes(CPU) == 0


def test_a_container_in_a_room_of_its_own(system):
    (system / "proc" / "self" / "cgroup").write_text("0::/\n")
    limit(system / "groups", 2**29, 2**28, 0)
    assert free_bytes(CPU) == 2**28


def old_limit(folder, most, used, files):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "memory.limit_in_bytes").write_text(f"{most}\n")
    (folder / "memory.usage_in_bytes").write_text(f"{used}\n")
    (folder / "memory.stat").write_text(f"inactive_file 3\ntotal_inactive_file {files}\n")


@pytest.mark.parametrize("group", ["docker/c1", "docker", "."])
@pytest.mark.parametrize("controllers", ["memory", "hugetlb,memory"])
def test_the_limit_of_a_container_of_version_1_counts(system, group, controllers):
    (system / "proc" / "self" / "cgroup").write_text(
        f"5:cpu,cpuacct:/docker/c0\n4:{controllers}:/docker/c1\n1:name=systemd:/a:b\n0::/a\n"
    )
    root = system / "groups" / "memory"
    old_limit(root, 2**63 - 4096, 2**30, 0)  # no limit, as version 1 writes it
    assert free_bytes(CPU) == 2**33
    old_limit(root / group, 2**30, 3 * 2**28, 2**27)
    assert free_bytes(CPU) == 2**28 + 2**27
    assert default_limit() == int(0.3 * (2**28 + 2**27))
    limit(system / "groups" / "a", 2**29, 2**28, 0)  # both versions, the tighter one counts
    assert free_bytes(CPU) == 2**28


def test_a_system_that_does_not_say(system):
    (system / "proc" / "meminfo").unlink()
    assert free_bytes(CPU) is None
    assert default_limit() > 0


GPU = torch.device("cuda")
FOUR = Split(np.arange(48, dtype=np.uint8).reshape(4, 2, 2, 3), np.arange(4))


@pytest.fixture
def gpu(monkeypatch):
    """A GPU that only `images_on` believes in; gives what it has been sent."""
    sent = []
    monkeypatch.setattr(torch.Tensor, "to", lambda tensor, _: sent.append(tensor) or tensor)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda _: 100)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (900, 1000))  # bytes free, and all
    return sent


@pytest.mark.parametrize(("sharers", "room"), [(1, 450), (2, 200), (10, 0), (11, 0)])
def test_images_get_half_of_what_a_process_may_have_of_the_gpu(gpu, sharers, room):
    assert room_for_images(GPU, sharers) == room


@pytest.mark.parametrize(("size", "streamed"), [(48, False), (47, True)])
def test_images_beyond_the_gpus_memory_are_sent_batch_by_batch(gpu, monkeypatch, size, streamed):
    monkeypatch.setattr("nas_tc.training.batches.room_for_images", lambda *_: size)
    images = images_on(GPU, FOUR)
    assert images.streamed == streamed
    assert [len(tensor.shape) for tensor in gpu] == ([1] if streamed else [1, 4])
    batches = [pixels for pixels, _ in plain_batches(images, 2)]
    assert torch.equal(torch.cat(batches), to_float(torch.from_numpy(FOUR.images)))


def test_images_that_another_process_has_taken_the_room_of(gpu, monkeypatch):
    def full(tensor, _):
        if tensor.ndim == 4:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate\n2.00 GiB")
        return tensor

    monkeypatch.setattr(torch.Tensor, "to", full)
    assert images_on(GPU, FOUR).streamed


def test_a_gpu_that_is_full_is_one_line(gpu, monkeypatch):
    def full(*_):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate\n2.00 GiB")

    monkeypatch.setattr(torch.Tensor, "to", full)
    with pytest.raises(DeviceError, match=r"no room for 4 labels, 32 bytes: .* --device cpu") as it:
        images_on(GPU, FOUR)
    assert "\n" not in str(it.value)


def test_bfloat16_that_is_emulated_is_not_used(monkeypatch):
    def supported(including_emulation=True):
        return including_emulation

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", supported)
    assert autocast_dtype(torch.device("cuda")) == torch.float32


def test_workers_that_share_a_gpu_count_their_part_of_its_memory(monkeypatch):
    kept = []
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (6000, 8000))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda _: 500)
    monkeypatch.setattr(torch.cuda, "set_per_process_memory_fraction", lambda *a: kept.append(a))
    assert [free_bytes(GPU, sharers) for sharers in (1, 2, 20)] == [6000, 3500, 0]
    for sharers in (1, 4):
        keep_to_part(GPU, sharers)
        keep_to_part(CPU, sharers)
    assert kept == [(1 / 4, GPU)]
