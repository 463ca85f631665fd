"""How a process settles on its core."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from nas_tc.errors import NasTcError
from nas_tc.training import choose_device
from nas_tc.training.device import autocast_dtype, device_generator_state, resume_device_generator

HUGE = """
from pathlib import Path
import torch
from nas_tc.training import settle_on_core, take_huge_pages

settle_on_core()
take_huge_pages()
take_huge_pages()
used = torch.ones(2**25)  # 128 MiB
smaps = Path("/proc/self/smaps").read_text().splitlines()
print(sum(int(line.split()[1]) for line in smaps if line.startswith("AnonHuge")))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="huge pages are Linux's")
def test_large_arrays_are_in_huge_pages():
    allowed = Path("/sys/kernel/mm/transparent_hugepage/enabled")
    if not allowed.exists() or "[never]" in allowed.read_text():
        pytest.skip("this system allows no huge pages")
    ran = subprocess.run([sys.executable, "-c", HUGE], capture_output=True, text=True, check=True)
    assert int(ran.stdout) > 64 * 2**10  # KiB; the system may lack some when memory is in pieces


def test_a_resumed_training_goes_on_with_the_numbers_of_its_gpu(monkeypatch):
    gpu, cpu = torch.device("cuda", 0), torch.device("cpu")
    state, found = torch.arange(16, dtype=torch.uint8), []
    monkeypatch.setattr(torch.cuda, "get_rng_state", lambda device: state)
    monkeypatch.setattr(torch.cuda, "set_rng_state", lambda *args: found.append(args))
    assert device_generator_state(cpu) is None
    resume_device_generator(gpu, device_generator_state(gpu))
    resume_device_generator(gpu, None)  # a checkpoint of a processor, or of an older nas-tc
    resume_device_generator(cpu, state)
    ((set_state, device),) = found
    assert torch.equal(set_state, state)
    assert device == gpu


def test_devices():
    assert choose_device("cpu").type == "cpu"
    assert choose_device("auto").type in ("cpu", "cuda")
    with pytest.raises(NasTcError, match="unknown device 'gpu'"):
        choose_device("gpu")
    assert autocast_dtype(torch.device("cpu")) in (torch.bfloat16, torch.float32)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there():
    with pytest.raises(NasTcError, match="torch sees no GPU"):
        choose_device("cuda")


def test_bfloat16_that_is_emulated_is_not_used(monkeypatch):
    def supported(including_emulation=True):
        return including_emulation

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", supported)
    assert autocast_dtype(torch.device("cuda")) == torch.float32
