"""Training on the processor, beside a plain loop that draws, cuts and trains in the same order."""

from dataclasses import replace

import torch
from torch.nn import functional

from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.module import build
from nas_tc.recipe import Recipe
from nas_tc.training import Images, Training, autocast_dtype, principal_colours
from nas_tc.training.batches import with_colours
from nas_tc.training.fused_forward import fused_forward
from nas_tc.training.schedule import learning_rate
from nas_tc.training.sgd import Sgd

NET = Architecture((3, 12, 12), parse_notation("(3,16)/2 | 2/2 | (3,8)"), GAP, 10)
SIDE, STEPS = 12, 5


def plain_losses(pixels, labels, recipe, seed, epochs):
    """Mean loss of each epoch."""
    network = build(NET, seed=1).train()
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    optimizer = Sgd(network.parameters(), recipe)
    forward, dtype = fused_forward(network), autocast_dtype(torch.device("cpu"))
    components = principal_colours(pixels)
    losses = []
    for epoch in range(epochs):
        total = torch.zeros(())
        order = torch.randperm(len(pixels), generator=generator)
        for step in range(STEPS):
            chosen = order[step * recipe.batch_size : (step + 1) * recipe.batch_size]
            count = len(chosen)
            flips = torch.rand(count, 1, generator=generator) < 0.5
            shifts = torch.randint(-2, 3, (2, count, 1), generator=generator)
            noise = 0.1 * torch.randn(count, 3, generator=generator)
            images = pixels[chosen].permute(0, 3, 1, 2).float() / 255
            padded = functional.pad(images, [2] * 4, mode="reflect")
            seen = []
            for image, flip, (down, across) in zip(
                padded, flips, shifts.squeeze(2).T.tolist(), strict=True
            ):
                window = image[:, 2 + down :, 2 + across :][:, :SIDE, :SIDE]
                seen.append(window.flip(2) if flip else window)
            batch = torch.stack(seen) + (noise @ components.T)[:, :, None, None]
            batch = batch.contiguous(memory_format=torch.channels_last)
            with torch.autocast("cpu", dtype=dtype, enabled=dtype != torch.float32):
                scores = forward(batch)
            loss = functional.cross_entropy(scores.float(), labels[chosen], label_smoothing=0.1)
            loss.backward()
            optimizer.step(learning_rate(recipe, epoch * STEPS + step, STEPS))
            total += loss.detach()
        losses.append(total.item() / STEPS)
    return losses


def test_the_losses_are_those_of_a_plain_loop_to_the_bit():
    recipe = Recipe(
        epochs=3, batch_size=16, augment=("crop", "flip", "colour"), crop_padding=2, warmup=0.5
    )
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (90, SIDE, SIDE, 3), dtype=torch.uint8, generator=generator)
    labels = torch.arange(90) % 10
    expected = plain_losses(pixels, labels, recipe, seed=4, epochs=3)
    images = Images(pixels, labels)
    for streamed in (False, True):
        seen = with_colours(replace(images, streamed=streamed), recipe)
        run = Training(build(NET, seed=1), seen, recipe, seed=4)
        assert [run.run_epoch() for _ in range(3)] == expected
