"""Which device trains, in which arithmetic, and how a process settles on its core."""

import ctypes
import sys
from functools import cache
from pathlib import Path

import torch

from nas_tc.errors import DeviceError, unknown

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX = -1, -2, -4  # malloc.h of glibc
_MADV_HUGEPAGE = 14  # of Linux
_HUGE_PAGE = 2**21  # bytes; on other processors than x86 a multiple of the page at least
_HEAP_BYTES = 2**30  # addresses asked for at once; memory is taken when they are used
_BF16_FLAGS = ("avx512_bf16", "amx_bf16", "bf16")  # x86 and, the last one, Arm


def choose_device(name: str) -> torch.device:
    """The device called `name`: "cpu", "cuda" or "auto" (a GPU if there is one).

    Raises:
        UnknownNameError: another name.
        DeviceError: "cuda" where torch sees no GPU.
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
    """Makes this process train at full speed; for processes of ours alone.

    Small networks gain more from one process a core than from several threads. Freed memory is
    kept: torch asks for the same megabytes in every step, and when the system takes them back and
    gives them again it clears them, which is up to a tenth of the time. Numbers too small for the
    normal format count as zero, because processors slow down a hundred times on them.

    Args:
        threads: of torch; None leaves its own choice, all cores.
    """
    if threads is not None:
        torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # glibc's; others lack it or ignore it
    if mallopt is not None:
        mallopt(_M_MMAP_MAX, 0)
        mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)
        mallopt(_M_TOP_PAD, 64 * 2**20)


@cache  # once a process
def take_huge_pages() -> None:
    """Has the memory of this process in pages of 2 MiB instead of 4 KiB; after `settle_on_core`.

    Half of a small network's time is memory traffic, and each page costs a look-up, on a virtual
    machine two. The heap is made longer first, since what it grows by later is in small pages. A
    system that allows no huge pages leaves things as they are.

    Times repeat better, too, where only one build of a network is looked at: how its data lies in
    the caches no longer depends on which small pages the system had left. `nas-tc time`, which
    looks at many builds, goes without, as the program does that a network is meant for.
    """
    libc = ctypes.CDLL(None)
    if sys.platform != "linux" or not hasattr(libc, "mallopt"):
        return
    libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    libc.free.restype, libc.free.argtypes = None, [ctypes.c_void_p]
    libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    libc.free(libc.malloc(_HEAP_BYTES))  # kept, and not touched
    for line in Path("/proc/self/maps").read_text().splitlines():
        if line.endswith("[heap]"):
            start, end = (int(each, 16) for each in line.split()[0].split("-"))
            start += -start % _HUGE_PAGE
            libc.madvise(start, max(0, end - start), _MADV_HUGEPAGE)


@cache
def _cpu_has_bf16() -> bool:
    cpuinfo = Path("/proc/cpuinfo")
    if not cpuinfo.exists():
        return False
    for line in cpuinfo.read_text().splitlines():
        if line.startswith(("flags", "Features")):
            return not set(_BF16_FLAGS).isdisjoint(line.split())
    return False
