"""The record of a GPU's settings, by a made-up nvidia-smi."""

import subprocess
from types import SimpleNamespace

import pytest
import torch

from nas_tc.timing import gpu_record as record_module
from nas_tc.timing import timing_machine
from nas_tc.timing.gpu_record import gpu_record
from nas_tc.timing.machine import device_slug, difference, is_of_gpu

CUDA = torch.device("cuda", 0)
WHOLE, OTHER, PART = (f"{digit}23e4567-e89b-12d3-a456-426614174000" for digit in "123")
ROWS = f"""\
GPU-{OTHER}, 550.54.15, 345, 1980, 2619, 350.00, Disabled
GPU-{WHOLE}, 550.54.15, 1755, 1980, 2619, 700.00, Enabled
"""
LIST = f"""\
GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-{OTHER})
GPU 1: NVIDIA H100 80GB HBM3 (UUID: GPU-{WHOLE})
  MIG 1g.10gb     Device  0: (UUID: MIG-{PART})
"""


@pytest.fixture
def smi(monkeypatch):
    """A GPU with an nvidia-smi that answers with `rows` and `list`; without rows it is missing."""
    found = SimpleNamespace(rows=ROWS, list=LIST, uuid=WHOLE, major=9, asked=[])

    def run(command, **how):
        assert how["timeout"]
        if found.rows is None:
            raise FileNotFoundError(2, "No such file", command[0])
        found.asked.append(command[1])
        if found.rows == "broken":
            raise subprocess.CalledProcessError(9, command)
        return SimpleNamespace(stdout=found.list if command[1] == "-L" else found.rows)

    record_module._by_nvidia_smi.cache_clear()
    monkeypatch.setattr(record_module.subprocess, "run", run)
    monkeypatch.setattr(
        torch.cuda,
        "get_device_properties",
        lambda _: SimpleNamespace(uuid=found.uuid, major=found.major),
    )
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "NVIDIA H100 80GB HBM3")
    monkeypatch.setattr(torch.version, "cuda", "12.8")
    monkeypatch.delenv("NVIDIA_TF32_OVERRIDE", raising=False)
    yield found
    record_module._by_nvidia_smi.cache_clear()


def test_the_record_has_the_settings_of_this_gpu(smi):
    found = timing_machine(CUDA)
    assert found["device"] == "NVIDIA H100 80GB HBM3"
    assert found["driver"] == "550.54.15"
    assert (found["sm_mhz"], found["max_sm_mhz"], found["memory_mhz"]) == (1755, 1980, 2619)
    assert (found["power_limit_w"], found["mig"]) == (700, "Enabled")
    assert found["processor"] == timing_machine(torch.device("cpu"))["device"]
    assert is_of_gpu(found)
    timing_machine(CUDA)
    assert len(smi.asked) == 1  # once a process


def test_the_only_gpu_is_meant_whatever_its_number(smi):
    smi.rows, smi.uuid = ROWS.splitlines()[1] + "\n", "by another name"
    assert gpu_record(CUDA)["power_limit_w"] == 700


def test_an_instance_has_the_settings_of_its_gpu(smi):
    smi.uuid = f"MIG-{PART}"
    assert gpu_record(CUDA)["power_limit_w"] == 700


@pytest.mark.parametrize("rows", [None, "broken", "", "No devices were found\n", ROWS])
def test_what_cannot_be_read_is_not_known(smi, rows):
    smi.rows, smi.uuid = rows, "elsewhere"
    found = gpu_record(CUDA)
    assert (found["driver"], found["power_limit_w"], found["mig"]) == (None, None, None)
    assert found["uuid"] == "elsewhere"


def test_a_gpu_that_does_not_say(smi):
    smi.rows = f"GPU-{WHOLE}, 470.1, [N/A], [N/A], [Not Supported], [N/A], [N/A]\n"
    found = gpu_record(CUDA)
    assert (found["driver"], found["sm_mhz"], found["mig"]) == ("470.1", None, None)


def test_tf32_is_on_record(smi, monkeypatch):
    assert gpu_record(CUDA)["tf32"] == "convolutions"  # torch's default
    torch.backends.cuda.matmul.allow_tf32 = True
    try:
        assert gpu_record(CUDA)["tf32"] == "convolutions and products"
    finally:
        torch.backends.cuda.matmul.allow_tf32 = False
    monkeypatch.setenv("NVIDIA_TF32_OVERRIDE", "0")
    assert gpu_record(CUDA)["tf32"] == "none"
    monkeypatch.delenv("NVIDIA_TF32_OVERRIDE")
    smi.major = 7
    assert gpu_record(CUDA)["tf32"] == "none"


def test_times_in_tf32_do_not_compare_with_others(smi, monkeypatch):
    there = timing_machine(CUDA)
    assert difference(there, timing_machine(CUDA)) is None
    monkeypatch.setenv("NVIDIA_TF32_OVERRIDE", "0")
    here = timing_machine(CUDA)
    assert difference(there, here) == "tf32 'convolutions', here 'none'"
    assert device_slug(here) == f"{device_slug(there)}-tf32-none"  # another file
    del there["tf32"]  # a machine of version 0.1
    assert difference(there, here) is None
