"""The ways to train that `benchmarks/fidelity.py` compares, and what each alters.

What nas-tc has no setting for is tried here, by replacing a function of the training loop while one
network is trained.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor, nn

from nas_tc.training import batches, gpu_steps
from nas_tc.training.draws import Draw, drawn_batches

TRAIN_IMAGES = 10_000
_SEED_OF_FLIPS = 0


@dataclass(frozen=True)
class Variant:
    """One way to train: fields in place of the quick recipe's, and when to look."""

    fields: dict[str, Any]
    looks: tuple[int, ...] = (1, 2, 3, 4, 6, 8)  # epochs after which the error is taken
    averages: tuple[float, ...] = ()  # decays a step of averages that are read besides
    average_looks: tuple[int, ...] = (1, 2, 3)
    images: int = TRAIN_IMAGES
    inherits: bool = False  # the weights that the training begins with
    side: int = 32  # pixels that the network sees
    alternates: bool = False  # flips of an image from epoch to epoch, in place of chance
    whitens: bool = False  # filters of the first layer in the beginning

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Trains like this variant while the context is open."""
        drawn = _Alternating().drawn_batches if self.alternates else drawn_batches
        with (
            patch.object(batches, "drawn_batches", drawn),
            patch.object(gpu_steps, "drawn_batches", drawn),
        ):
            yield


def _muon(epochs: int, **fields: Any) -> dict[str, Any]:
    return {"epochs": epochs, "optimizer": "muon", **fields}


VARIANTS = {  # "full" is the truth; quick ones are of the recipe of version 0.1
    "full": Variant({"epochs": 16, "ema": 0.998}, looks=(16,)),
    "full-muon": Variant(_muon(16, ema=0.998), looks=(16,)),
    "quick8": Variant({"epochs": 8}, averages=(0.97, 0.99)),
    "quick4": Variant({"epochs": 4}, averages=(0.97,), average_looks=(1, 2)),
    "muon8": Variant(_muon(8), averages=(0.97,)),
    "muon4": Variant(_muon(4), looks=(1, 2, 4)),
    "again": Variant(_muon(4), looks=(1, 2, 4)),  # for another seed: what chance changes
    "muon2": Variant(_muon(2), looks=(1, 2)),
    "muon1": Variant(_muon(1), looks=(1,)),
    "inherit4": Variant(_muon(4), looks=(1, 2, 4), inherits=True),
    "inherit2": Variant(_muon(2), looks=(1, 2), inherits=True),
    "inherit1": Variant(_muon(1), looks=(1,), inherits=True),
    "rate.03-8": Variant({"epochs": 8, "learning_rate": 0.03}, averages=(0.97,)),
    "rate.03-4": Variant({"epochs": 4, "learning_rate": 0.03}),
    # One change each to "muon4"; the last two take about as many seconds.
    "average": Variant(_muon(4, ema=0.97), looks=(1, 2, 4)),
    "batch32": Variant(_muon(4, batch_size=32), looks=(1, 2, 4)),
    "batch32-rate.07": Variant(_muon(4, batch_size=32, learning_rate=0.07), looks=(1, 2, 4)),
    "batch128": Variant(_muon(4, batch_size=128), looks=(1, 2, 4)),
    "batch128-rate.14": Variant(_muon(4, batch_size=128, learning_rate=0.14), looks=(1, 2, 4)),
    "rate.05": Variant(_muon(4, learning_rate=0.05), looks=(1, 2, 4)),
    "rate.2": Variant(_muon(4, learning_rate=0.2), looks=(1, 2, 4)),
    "no-warmup": Variant(_muon(4, warmup=0.0), looks=(1, 2, 4)),
    "flips": Variant(_muon(4), looks=(1, 2, 4), alternates=True),
    "whitened": Variant(_muon(4), looks=(1, 2, 4), whitens=True),
    "restarts": Variant(_muon(4, restarts=True), looks=(1, 2, 4)),
    "24-pixels": Variant(_muon(5), looks=(1, 2, 4, 5), side=24),
    "half-images": Variant(_muon(8), looks=(1, 2, 4, 8), images=TRAIN_IMAGES // 2),
}


class _Alternating:
    """Flips by turns: each image is mirrored in every second epoch, half of them in the first.

    Jordan, "94 % on CIFAR-10 in 3.29 seconds on a single GPU" (2024), section 3.6.
    """

    def __init__(self) -> None:
        self._epoch = -1

    def drawn_batches(self, count: int, *args: Any) -> Iterator[Draw]:
        self._epoch += 1
        generator = torch.Generator().manual_seed(_SEED_OF_FLIPS)
        is_first = torch.rand(count, generator=generator) < 0.5
        is_odd = self._epoch % 2 == 1
        for draw in drawn_batches(count, *args):
            yield replace(draw, flipped=is_first[draw.chosen] ^ is_odd)


@torch.no_grad()
def whiten(network: nn.Module, pixels: Tensor, mean: Any, std: Any) -> None:
    """Puts whitening filters into a fresh network's first convolution, as far as they go.

    The filters are the principal components of the patches that the convolution sees, those that
    vary most first, each and its negative, scaled so that all have the same variance over
    the patches (the same paper, section 3.2); then to the mean size of the filters they replace.

    Args:
        network: Network whose first convolution is changed.
        pixels: uint8, (n, height, width, 3); some thousand images.
        mean: Mean of the channels, 0 to 1.
        std: Standard deviation of the channels.
    """
    first = next(each for each in network.modules() if isinstance(each, nn.Conv2d))
    inputs = pixels.permute(0, 3, 1, 2).float() / 255
    inputs = (inputs - torch.tensor(mean).view(1, -1, 1, 1)) / torch.tensor(std).view(1, -1, 1, 1)
    side = first.kernel_size[0]
    patches = nn.functional.unfold(inputs, side, stride=2).transpose(1, 2)
    values, vectors = torch.linalg.eigh(patches.flatten(0, 1).T.cov())
    filters = (vectors / (values + 1e-3).sqrt()).T.flip(0)  # the greatest variance first
    filters = torch.stack([filters, -filters], dim=1).flatten(0, 1)[: len(first.weight)]
    filters = filters.view(-1, *first.weight.shape[1:])
    filters *= first.weight.flatten(1).norm(dim=1).mean() / filters.flatten(1).norm(dim=1).mean()
    first.weight[: len(filters)] = filters.to(first.weight.device)
