"""Runs code that is not ours: what it prints and changes must not disturb a command."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout


@contextmanager
def users_code() -> Iterator[None]:
    """Sends what the code prints to stderr, and puts back torch's settings that it changes."""
    import torch  # noqa: PLC0415 - it takes seconds

    dtype, has_gradients = torch.get_default_dtype(), torch.is_grad_enabled()
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        torch.set_default_dtype(dtype)
        torch.set_grad_enabled(has_gradients)
