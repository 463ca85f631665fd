"""What a failed capture leaves behind."""

import torch

from nas_tc._cuda_graph import renew_generator


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
