"""The heap of glibc: what it keeps of freed memory, what it gives back, and in which pages it lies.

Other C libraries lack the calls, or ignore them; then nothing changes.
"""

import ctypes
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4  # of malloc.h
_MADV_HUGEPAGE = 14  # of Linux
_HUGE_PAGE = 2**21  # bytes; on other processors than x86 a multiple of the page at least
_HEAP_BYTES = 2**30  # addresses asked for at once; memory is taken when they are used


def keep_memory() -> None:
    """Has this process keep the memory that it frees.

    Torch asks for the same megabytes in every step, and when the system takes them back and gives
    them again it clears them, which is up to a tenth of the time; or more, or nothing, as it
    happens, so that times repeat better without.
    """
    mallopt = _call("mallopt")
    if mallopt is not None:
        mallopt(_MMAP_MAX, 0)
        mallopt(_TRIM_THRESHOLD, 2**31 - 1)
        mallopt(_TOP_PAD, 64 * 2**20)


@cache  # once a process
def take_huge_pages() -> None:
    """Has the memory of this process in pages of 2 MiB instead of 4 KiB; after `keep_memory`.

    Half of a small network's time is memory traffic, and each page costs a look-up, on a virtual
    machine two. The heap is made longer first, since what it grows by later is in small pages. A
    system that allows no huge pages leaves things as they are.

    Times repeat better, too, where only one build of a network is looked at: how its data lies in
    the caches no longer depends on which small pages the system had left. `nas-tc time`, which
    looks at many builds, goes without, as the program does that a network is meant for.
    """
    if _call("mallopt") is None:
        return
    libc = ctypes.CDLL(None)
    libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    libc.free.restype, libc.free.argtypes = None, [ctypes.c_void_p]
    libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    libc.free(libc.malloc(_HEAP_BYTES))  # kept, and not touched
    for line in Path("/proc/self/maps").read_text().splitlines():
        if line.endswith("[heap]"):
            start, end = (int(each, 16) for each in line.split()[0].split("-"))
            start += -start % _HUGE_PAGE
            libc.madvise(start, max(0, end - start), _MADV_HUGEPAGE)


def give_back_memory() -> None:
    """Gives the system what is free at the moment: what is asked for next lies elsewhere.

    Nothing in huge pages, which would be lost; within one of them all lies as it lay anyway.
    """
    malloc_trim = _call("malloc_trim")
    if malloc_trim is not None and not take_huge_pages.cache_info().currsize:
        malloc_trim(0)


@cache
def _call(name: str) -> Callable[..., Any] | None:
    if sys.platform != "linux":
        return None
    return getattr(ctypes.CDLL(None), name, None)
