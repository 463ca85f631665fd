"""The training loop that a user of PyTorch would write: the other side of benchmarks/training.py.

float32, contiguous tensors, one image at a time in a Dataset, a DataLoader with two workers, and
as many threads as there are cores. Networks, initial weights, optimiser, schedule, augmentation
and loss are the same as ours.
"""

import random
import time

import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from nas_tc.data import ImageData, Split


class Augmented(Dataset):
    """One image after the other: reflected border, random crop, random flip, normalisation."""

    def __init__(self, split: Split, moments, *, train: bool) -> None:
        self.images, self.labels, self.train = split.images, split.labels, train
        mean, std = (torch.tensor(values)[:, None, None] for values in moments)
        self.mean, self.std = mean, std

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index):
        image = torch.tensor(self.images[index]).permute(2, 0, 1).float() / 255
        if self.train:
            _, height, width = image.shape
            padded = functional.pad(image, (4, 4, 4, 4), mode="reflect")
            top, left = random.randint(0, 8), random.randint(0, 8)
            image = padded[:, top : top + height, left : left + width]
            if random.random() < 0.5:
                image = image.flip(2)
        return (image - self.mean) / self.std, int(self.labels[index])


def train_plainly(
    network: nn.Module,
    data: ImageData,
    recipe,
    seed: int,
    *,
    evaluate: bool,
    loaders: int = 2,
    device: str = "cpu",
):
    """Trains; returns images a second of the training and the validation error (or None)."""
    torch.manual_seed(seed)
    random.seed(seed)
    network.to(device, memory_format=torch.contiguous_format)
    training = Augmented(data.train, data.moments, train=True)
    loader = DataLoader(
        training, batch_size=recipe.batch_size, shuffle=True, num_workers=loaders, drop_last=True
    )
    optimizer = torch.optim.SGD(
        network.parameters(),
        lr=recipe.learning_rate,
        momentum=recipe.momentum,
        weight_decay=recipe.weight_decay,
        nesterov=True,
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        max_lr=recipe.learning_rate,
        total_steps=recipe.epochs * len(loader) + 1,
        pct_start=recipe.warmup,
        div_factor=10,
        cycle_momentum=False,
    )
    started = time.perf_counter()
    for _ in range(recipe.epochs):
        network.train()
        for images, labels in loader:
            loss = functional.cross_entropy(
                network(images.to(device)),
                labels.to(device),
                label_smoothing=recipe.label_smoothing,
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    if device != "cpu":
        torch.cuda.synchronize()
    seconds = time.perf_counter() - started
    rate = recipe.epochs * len(loader) * recipe.batch_size / seconds
    return rate, _error(network, data) if evaluate else None


@torch.inference_mode()
def _error(network: nn.Module, data: ImageData) -> float:
    network.eval()
    loader = DataLoader(Augmented(data.validation, data.moments, train=False), batch_size=500)
    wrong = sum(int((network(x).argmax(1) != y).sum()) for x, y in loader)
    return wrong / len(data.validation)
