"""Freed memory that shows when it is taken for numbers."""

import torch


def leave_rubbish():
    """Fills memory with what is no number, and frees it: what asks for memory next is given it."""
    rubbish = [
        torch.full((1000 * size,), torch.nan) for size in (*range(1, 10), *range(12, 120, 4))
    ]
    del rubbish
