"""Free memory of a machine, and of a container on it."""

import pytest
import torch

from nas_tc import _memory
from nas_tc.data.memory import default_limit
from nas_tc.training.memory import free_bytes

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
