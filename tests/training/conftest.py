"""A GPU for tests on machines without one."""

import pytest
import torch


@pytest.fixture
def gpu(monkeypatch):
    """A GPU that only `images_on` believes in; gives what it has been sent."""
    sent = []
    monkeypatch.setattr(torch.Tensor, "to", lambda tensor, _: sent.append(tensor) or tensor)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda _: 100)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (900, 1000))  # bytes free, and all
    return sent
