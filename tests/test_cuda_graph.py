"""What a failed capture leaves behind."""

import pytest
import torch

from nas_tc._cuda_graph import _leave_pool, renew_generator


def test_the_generator_leaves_a_failed_capture(monkeypatch):
    """A clone of its state is in no capture."""
    generator = torch.Generator().manual_seed(4)
    given = []

    class Stuck:
        def clone_state(self):
            return generator.clone_state()

        def graphsafe_set_state(self, state):
            given.append(state)

    monkeypatch.setattr(torch.cuda, "default_generators", (None, Stuck()))
    renew_generator(torch.device("cuda", 1))
    assert torch.equal(given[0].get_state(), generator.get_state())


@pytest.mark.parametrize("has_left", [False, True])
def test_the_memory_of_a_failed_capture_is_given_back_once(monkeypatch, has_left):
    """By us where torch stays in the capture; else by torch, which refuses to leave it again."""
    released = []

    def end(device, pool):
        if has_left:
            raise RuntimeError("endAllocatePool: not currently recording to mempool_id")

    monkeypatch.setattr(torch.cuda, "current_device", lambda: 1)
    monkeypatch.setattr(torch._C, "_cuda_endAllocateToPool", end, raising=False)
    monkeypatch.setattr(
        torch._C, "_cuda_releasePool", lambda *where: released.append(where), raising=False
    )
    _leave_pool((0, 7))
    assert released == ([] if has_left else [(1, (0, 7))])
