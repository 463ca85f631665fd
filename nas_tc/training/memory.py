"""Memory that a training needs, by formula, and memory that a device has free, in bytes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch

from nas_tc._memory import free_memory_bytes
from nas_tc.architecture import Architecture
from nas_tc.cost.memory import training_memory
from nas_tc.errors import NasTcError
from nas_tc.training.device import autocast_dtype
from nas_tc.training.device_errors import ran_out

_IMAGES_SHARE = 0.5  # share of a GPU's memory for images: the rest is for networks


class OutOfMemoryError(NasTcError):
    """Raised for a network that does not fit in a device's memory."""


def free_bytes(device: torch.device, sharers: int = 1) -> int | None:
    """Free memory of the device, bytes; None if the system gives no figure.

    Args:
        device: Processor or GPU.
        sharers: Number of processes that share the GPU; each may use an equal part of it at most.
    """
    if device.type != "cuda":
        return free_memory_bytes()
    free, total = torch.cuda.mem_get_info(device)
    return max(0, min(free, total // sharers - torch.cuda.memory_allocated(device)))


def keep_to_part(device: torch.device, sharers: int) -> None:
    """Limits this process to an equal part of a GPU's memory, if several processes share it."""
    if device.type == "cuda" and sharers > 1:
        index = torch.cuda.current_device() if device.index is None else device.index
        torch.cuda.set_per_process_memory_fraction(1 / sharers, index)  # it takes no bare "cuda"


def room_for_images(device: torch.device, sharers: int = 1) -> int:
    """Bytes of a GPU's memory that a process may use for images.

    Half of what is free, and of this process's part where several share the GPU.
    """
    return int(_IMAGES_SHARE * (free_bytes(device, sharers) or 0))


def check_fits(
    architecture: Architecture,
    batch_size: int,
    device: torch.device,
    sharers: int = 1,
    *,
    dtype: torch.dtype | None = None,
) -> None:
    """Refuses a network that would not fit, before the system kills the process for it.

    Args:
        architecture: Network to train.
        batch_size: Number of images of a training step.
        device: Device to train it on.
        sharers: Number of processes that share the GPU.
        dtype: Type of the maps; without one, the type that training uses on the device.

    Raises:
        OutOfMemoryError: The estimate is more than the free memory. The message has both.
        ArchitectureError: A map shrinks to nothing.
    """
    free = free_bytes(device, sharers)
    if free is not None and _needed_bytes(architecture, batch_size, device, dtype) > free:
        raise OutOfMemoryError(
            out_of_memory(architecture, batch_size, device, dtype=dtype, free=free)
        )


@contextmanager
def one_line_without_memory(
    architecture: Architecture, batch_size: int, device: torch.device
) -> Iterator[None]:
    """A context in which a lack of memory is one line for the user; other errors pass.

    Args:
        architecture: Network to train.
        batch_size: Number of images of a training step.
        device: Device to train it on.

    Raises:
        OutOfMemoryError: The memory ran out.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not ran_out(error):
            raise
        raise OutOfMemoryError(out_of_memory(architecture, batch_size, device)) from None


def out_of_memory(
    architecture: Architecture,
    batch_size: int,
    device: torch.device,
    *,
    dtype: torch.dtype | None = None,
    free: int | None = None,
) -> str:
    """The message for a trial that ends for lack of memory: estimate and free memory, GiB.

    Args:
        architecture: Network to train.
        batch_size: Number of images of a training step.
        device: Device to train it on.
        dtype: Type of the maps; without one, the type that training uses on the device.
        free: Free memory, bytes; None: the message leaves it out.
    """
    needed = _needed_bytes(architecture, batch_size, device, dtype) / 2**30
    there = "" if free is None else f", {free / 2**30:,.1f} GiB are free"
    return f"out of memory: about {needed:,.1f} GiB for {batch_size} images a step{there}"


def _needed_bytes(
    architecture: Architecture, batch_size: int, device: torch.device, dtype: torch.dtype | None
) -> int:
    """Peak of a training step by the formula of `train_memory`, without scratch memory."""
    value_bytes: Literal[2, 4] = 4 if (dtype or autocast_dtype(device)) == torch.float32 else 2
    return training_memory(architecture, batch_size, value_bytes=value_bytes).peak_bytes
