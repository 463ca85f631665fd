import subprocess
import sys

import pytest
import torch
from torch import nn

from nas_tc.recipe import Recipe
from nas_tc.training.sgd import Sgd


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("nesterov", [True, False])
def test_steps_are_those_of_torch(momentum, nesterov):
    recipe = Recipe(momentum=momentum, nesterov=nesterov, weight_decay=0.01)
    networks = []
    for _ in range(2):
        torch.manual_seed(0)
        networks.append(nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten()))
    ours, theirs = networks
    weights = [each for each in theirs.parameters() if each.ndim > 1]
    vectors = [each for each in theirs.parameters() if each.ndim <= 1]
    optimizer = torch.optim.SGD(
        [{"params": weights}, {"params": vectors, "weight_decay": 0.0}],
        lr=0.1, momentum=momentum, nesterov=nesterov and momentum > 0, weight_decay=0.01,
        fused=True,
    )  # fmt: skip
    sgd = Sgd(ours.parameters(), recipe)
    for step, rate in enumerate((0.1, 0.2, 0.05, 0.01)):
        if step == 2:  # as from a checkpoint
            state, sgd = sgd.state(), Sgd(ours.parameters(), recipe)
            sgd.resume(state)
        images = torch.randn(2, 3, 5, 5)
        for network in networks:
            network(images).square().sum().backward()
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.step()
        optimizer.zero_grad()
        sgd.step(rate)
    for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(one, other)


def test_a_training_does_not_load_the_compiler():
    code = (
        "import sys, torch; from torch import nn; from nas_tc.recipe import Recipe;"
        "from nas_tc.training import *;"
        "images = Images(torch.zeros(8, 4, 4, 1, dtype=torch.uint8), torch.arange(8) % 2);"
        "network = nn.Sequential(nn.Flatten(), nn.Linear(16, 2));"
        "Training(network, images, Recipe(batch_size=4), seed=0).run_epoch();"
        "sys.exit('torch._dynamo' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
