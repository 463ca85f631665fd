"""Memory that training a network takes, by formula, and memory that a device has."""

import torch

from nas_tc._memory import free_memory_bytes
from nas_tc.architecture import Architecture
from nas_tc.cost import network_cost
from nas_tc.errors import NasTcError

_BYTES_PER_PARAMETER = 12  # weight, gradient and momentum, float32
_COPIES_OF_ACTIVATIONS = 3  # a convolution's output, its normalisation's, one gradient
_IMAGES_SHARE = 0.5  # share of a GPU's memory; the rest is for networks


class OutOfMemoryError(NasTcError):
    """A network that does not fit in a device's memory."""


def training_bytes(architecture: Architecture, batch_size: int, *, value_bytes: int = 4) -> int:
    """Memory that training takes, by formula: parameters, activations and one gradient.

    Every convolution keeps its own output and that of its normalisation; the ReLU works in place.
    The libraries' scratch memory is unknown and not counted.

    Args:
        architecture: Network to train.
        batch_size: Number of images a step.
        value_bytes: Bytes of one activation: 4 in float32, 2 in bfloat16.

    Raises:
        ArchitectureError: A map shrinks to nothing.
    """
    cost = network_cost(architecture)
    values = cost.activation_bytes // 4
    per_image = _COPIES_OF_ACTIVATIONS * values * value_bytes
    return _BYTES_PER_PARAMETER * cost.params + batch_size * per_image


def free_bytes(device: torch.device, sharers: int = 1) -> int | None:
    """Free memory of the device, bytes; None if it cannot be found out.

    Args:
        device: Processor or GPU.
        sharers: Number of processes that share the GPU: each may use its part of the memory.
    """
    if device.type != "cuda":
        return free_memory_bytes()
    free, total = torch.cuda.mem_get_info(device)
    if sharers == 1:
        return free
    return max(0, min(free, total // sharers - torch.cuda.memory_reserved(device)))


def keep_to_part(device: torch.device, sharers: int) -> None:
    """Keeps this process to its part of a GPU's memory, where several processes share the GPU."""
    if device.type == "cuda" and sharers > 1:
        torch.cuda.set_per_process_memory_fraction(1 / sharers, device)


def room_for_images(device: torch.device, sharers: int = 1) -> int:
    """Bytes of a GPU's memory for images that a process keeps there.

    It is half of the free memory, at most half of this process's part where several share the GPU.
    """
    free, total = torch.cuda.mem_get_info(device)
    part = total // sharers - torch.cuda.memory_allocated(device)
    return int(_IMAGES_SHARE * max(0, min(free, part)))


def check_fits(
    architecture: Architecture, batch_size: int, device: torch.device, sharers: int = 1
) -> None:
    """Refuses a network that needs more memory than is free, before the system kills the process.

    Args:
        architecture: Network to train.
        batch_size: Number of images a step.
        device: Device that trains.
        sharers: Number of processes that share the GPU, this one included.

    Raises:
        OutOfMemoryError: Training needs more memory than is free. The message has both figures.
    """
    free = free_bytes(device, sharers)
    needed = training_bytes(architecture, batch_size, value_bytes=2)
    if free is not None and needed > free:
        raise OutOfMemoryError(out_of_memory(architecture, batch_size, free))


def out_of_memory(architecture: Architecture, batch_size: int, free: int | None = None) -> str:
    """Message about a network that needs too much memory, the reason in its trial."""
    needed = training_bytes(architecture, batch_size, value_bytes=2) / 2**30
    there = "" if free is None else f", {free / 2**30:,.1f} GiB are free"
    return f"out of memory: about {needed:,.1f} GiB for {batch_size} images a step{there}"
