"""Images in main memory on their way to a GPU: sent ahead of the steps that need them.

A copy from ordinary memory makes the host wait for all that the GPU has queued. From pinned memory,
on a stream of its own, a copy runs beside the steps. torch's allocators give pinned and GPU memory
to the next copy only when this one, or the step that reads it, is over.
"""

from collections.abc import Iterable, Iterator
from functools import cache

import torch
from torch import Tensor

from nas_tc.training.prefetch import prefetched


def gathered(pixels: Tensor, batches: Iterable[Tensor]) -> Iterator[Tensor]:
    """The images of each batch, one after another in pinned memory.

    Args:
        pixels: uint8, (n, height, width, channels), in main memory or a mapped file.
        batches: Indices of images, int64, (k,).

    Yields:
        uint8, (k, height, width, channels).
    """
    for chosen in batches:
        room = pinned((len(chosen), *pixels.shape[1:]))
        torch.index_select(pixels, 0, chosen, out=room)
        yield room


def copied(windows: Iterable[Tensor]) -> Iterator[Tensor]:
    """Copies of images in pinned memory, with their pixels side by side."""
    for window in windows:
        yield pinned(window.shape).copy_(window)


def pinned(shape: Iterable[int]) -> Tensor:
    """Memory for uint8 numbers that a GPU can read by itself."""
    return torch.empty(tuple(shape), dtype=torch.uint8, pin_memory=True)


def sent_ahead(pieces: Iterator[Tensor], device: torch.device) -> Iterator[Tensor]:
    """The same tensors on a GPU; a thread makes and sends the next while the last is used.

    Args:
        pieces: Tensors in pinned memory; the thread runs the iterator.
        device: GPU.

    Yields:
        The tensors; the current stream waits for each, the host does not.
    """
    for there, arrived in prefetched(_sent(pieces, device)):
        current = torch.cuda.current_stream(device)
        current.wait_event(arrived)
        there.record_stream(current)
        yield there


def _sent(
    pieces: Iterator[Tensor], device: torch.device
) -> Iterator[tuple[Tensor, torch.cuda.Event]]:
    stream = _copy_stream(device)
    for piece in pieces:
        with torch.cuda.stream(stream):  # a setting of this thread alone
            there = piece.to(device, non_blocking=True)
            arrived = stream.record_event()
        yield there, arrived


@cache
def _copy_stream(device: torch.device) -> torch.cuda.Stream:
    return torch.cuda.Stream(device)
