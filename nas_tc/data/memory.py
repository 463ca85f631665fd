"""The memory for images: its limit, and the refusal of sets that need more."""

import os
import re

from nas_tc._memory import free_memory_bytes
from nas_tc.errors import DataError

_SHARE = 0.3  # of the free memory: sharing images with the workers takes a copy
_UNITS = {"MB": 10**6, "GB": 10**9, "TB": 10**12, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}


def default_limit() -> int:
    """Default of the limit, bytes: 30 % of the free memory."""
    return int(_SHARE * _free_memory_bytes())


def parse_limit(text: str) -> int:
    """Bytes from text such as "4GiB" or "500MB".

    Args:
        text: Number with a unit, such as "4GiB".

    Raises:
        DataError: The text is not a size.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([MGT]i?B)", text.strip())
    if match is None:
        raise DataError(f"--memory-limit {text!r}: write a number and a unit, as in 4GiB or 500MB")
    return int(float(match[1]) * _UNITS[match[2]])


def check_memory(bytes_needed: int, images: int, limit: int | None = None) -> None:
    """Refuses a data set that needs more memory than the limit.

    Args:
        bytes_needed: Bytes of all images.
        images: Number of images.
        limit: Limit in bytes; None: 30 % of the machine's free memory.

    Raises:
        DataError: The images need more. The message states both sizes and the way out.
    """
    most = default_limit() if limit is None else limit
    if bytes_needed > most:
        whose = "30 % of the free memory" if limit is None else "the limit"
        raise DataError(
            f"{images:,} images take {gib(bytes_needed)} and {whose} is {gib(most)}; search on "
            "smaller images, or bring them as imagefolder: or parquet:, which are streamed"
        )


def gib(size: int) -> str:
    """Bytes in words."""
    return f"{size / 2**30:,.1f} GiB" if size >= 2**30 else f"{size / 2**20:,.1f} MiB"


def _free_memory_bytes() -> int:
    """Memory available without swapping; all memory if the system does not report it."""
    free = free_memory_bytes()
    if free is not None:
        return free
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
