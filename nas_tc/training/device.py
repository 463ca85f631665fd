"""Device, number format and process settings for training."""

from functools import cache
from pathlib import Path

import torch

from nas_tc._heap import keep_memory
from nas_tc.errors import DeviceError, unknown

_BF16_FLAGS = ("avx512_bf16", "amx_bf16", "bf16")  # x86 and, the last one, Arm


def choose_device(name: str) -> torch.device:
    """The device called `name`: "cpu", "cuda" or "auto" (a GPU if there is one).

    Args:
        name: "auto", "cpu" or "cuda".

    Raises:
        UnknownNameError: The name is none of these.
        DeviceError: The name is "cuda" and torch sees no GPU.
    """
    if name not in ("auto", "cpu", "cuda"):
        raise unknown("device", name, ("auto", "cpu", "cuda"))
    has_gpu = torch.cuda.is_available()
    if name == "cuda" and not has_gpu:
        raise DeviceError("device 'cuda': torch sees no GPU here; use --device cpu")
    return torch.device("cuda" if has_gpu and name != "cpu" else "cpu")


def autocast_dtype(device: torch.device) -> torch.dtype:
    """bfloat16 where the device multiplies it fast, float32 elsewhere.

    On a device without bfloat16 instructions torch emulates them, many times slower than float32.
    """
    if device.type == "cuda":
        has_bf16 = torch.cuda.is_bf16_supported(including_emulation=False)
        return torch.bfloat16 if has_bf16 else torch.float32
    return torch.bfloat16 if _cpu_has_bf16() else torch.float32


def settle_on_core(threads: int | None = 1) -> None:
    """Prepares this process to train at full speed; call it in processes of our own alone.

    Small networks gain more from one process a core than from several threads. Freed memory is
    kept. Subnormal numbers are flushed to zero, because processors slow down a hundred times on
    them.

    Args:
        threads: Number of torch's threads; None: torch's own choice, all cores.
    """
    if threads is not None:
        torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    keep_memory()


@cache
def _cpu_has_bf16() -> bool:
    # An x86 processor without AVX512 has none; ATEN_CPU_CAPABILITY can make torch see it so.
    if torch.backends.cpu.get_cpu_capability() == "AVX2":
        return False
    cpuinfo = Path("/proc/cpuinfo")
    if not cpuinfo.exists():
        return False
    for line in cpuinfo.read_text().splitlines():
        if line.startswith(("flags", "Features")):
            return not set(_BF16_FLAGS).isdisjoint(line.split())
    return False


def gpu_names() -> list[str]:
    """Names of the GPUs that torch sees on this machine, for a manifest."""
    return [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]


def device_generator_state(device: torch.device) -> torch.Tensor | None:
    """State of the generator that drop-out draws on; None on a processor, which has the global."""
    return torch.cuda.get_rng_state(device) if device.type == "cuda" else None


def resume_device_generator(device: torch.device, state: torch.Tensor | None) -> None:
    """Sets a GPU's generator back; a checkpoint of another device holds no state for it."""
    if device.type == "cuda" and state is not None:
        torch.cuda.set_rng_state(state.cpu(), device)
