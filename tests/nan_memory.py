"""Memory that is full of NaN when it is freed, so that reading it before writing shows."""

import torch


def free_memory_full_of_nan():
    """Fills blocks of many sizes with NaN and frees them: the next allocations get this memory."""
    blocks = [torch.full((1000 * size,), torch.nan) for size in (*range(1, 10), *range(12, 120, 4))]
    del blocks
