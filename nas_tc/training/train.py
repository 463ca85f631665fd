"""The training loop: a network, images and a recipe give errors, rung by rung."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from nas_tc.training.batches import Images, plain_batches, shuffled_batches
from nas_tc.training.device import autocast_dtype
from nas_tc.training.recipe import Recipe, one_cycle

_EVALUATION_BATCH = 500  # images


class DivergedError(RuntimeError):
    """The loss is no longer a number."""


@dataclass(frozen=True, slots=True)
class Rung:
    """What is known of a network after some epochs."""

    epoch: int  # epochs trained so far
    val_error: float  # share of the validation images that are misclassified, 0 to 1
    train_loss: float  # mean over the last epoch
    train_s: float  # seconds of training so far, validation not counted


def train(
    network: nn.Module, training: Images, validation: Images, recipe: Recipe, *, seed: int
) -> Iterator[Rung]:
    """Trains `network` in place; yields after each rung of the recipe.

    The same arguments give the same weights on the same kind of processor. Matrix products run in
    bfloat16 where the device is fast at it, sums and weights stay float32.

    Args:
        network: on the device of the images, in channels_last format.
        training: to learn from.
        validation: to measure the error on, never learnt from.
        recipe: epochs, schedule, augmentation.
        seed: of the order of the images and their augmentation.

    Raises:
        DivergedError: the loss of an epoch is not a finite number.
    """
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)  # drop-out draws on the global generator
    device = training.labels.device
    dtype = autocast_dtype(device)
    optimizer = torch.optim.SGD(
        _parameter_groups(network, recipe.weight_decay),
        lr=recipe.learning_rate,
        momentum=recipe.momentum,
        nesterov=recipe.momentum > 0,
    )
    steps = recipe.epochs * max(1, len(training) // recipe.batch_size)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: one_cycle(step / steps, recipe.warmup)
    )
    train_s = 0.0
    for epoch in range(1, recipe.epochs + 1):
        started = time.perf_counter()
        network.train()
        total = torch.zeros((), device=device)
        batches = 0
        for images, labels in shuffled_batches(training, recipe, generator):
            with torch.autocast(device.type, dtype=dtype, enabled=dtype != torch.float32):
                scores = network(images)
                loss = functional.cross_entropy(
                    scores.float(), labels, label_smoothing=recipe.label_smoothing
                )
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.detach()
            batches += 1
        train_loss = total.item() / batches  # waits for the device, so the clock is right
        train_s += time.perf_counter() - started
        if not torch.isfinite(torch.tensor(train_loss)):
            raise DivergedError(f"the loss is {train_loss} in epoch {epoch}")
        if epoch in recipe.rungs:
            yield Rung(epoch, error_rate(network, validation), train_loss, train_s)


@torch.inference_mode()
def error_rate(network: nn.Module, images: Images) -> float:
    """Share of the images that the network misclassifies, 0 to 1, in the arithmetic of training."""
    device = images.labels.device
    dtype = autocast_dtype(device)
    network.eval()
    wrong = torch.zeros((), dtype=torch.int64, device=device)
    for pixels, labels in plain_batches(images, _EVALUATION_BATCH):
        with torch.autocast(device.type, dtype=dtype, enabled=dtype != torch.float32):
            scores: Tensor = network(pixels)
        wrong += (scores.argmax(1) != labels).sum()
    return int(wrong) / len(images)


def _parameter_groups(network: nn.Module, weight_decay: float) -> list[dict[str, object]]:
    """Weights decay; vectors, which are biases, scales and shifts, do not."""
    parameters = [each for each in network.parameters() if each.requires_grad]
    return [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
