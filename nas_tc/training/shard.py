"""The data-parallel shard: a part of every batch, where several processes train one network."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from nas_tc.errors import NasTcError
from nas_tc.recipe.recipe import Recipe
from nas_tc.training.fused_forward import fused_forward


@dataclass(frozen=True, slots=True)
class Shard:
    """The part of each batch that one process trains on.

    All processes draw the same order and the same augmentation, and each takes its part, so that a
    batch does not depend on the number of processes.

    Attributes:
        rank: Rank of this process, from 0.
        size: Number of processes, as in torch's process group.
    """

    rank: int = 0
    size: int = 1

    def part(self, images: int) -> slice:
        """Positions of this process's images in a batch of `images`, a multiple of the size."""
        each = images // self.size
        return slice(self.rank * each, (self.rank + 1) * each)

    def forward(self, network: nn.Module) -> Callable[[Tensor], Tensor]:
        """A function from images to scores, whose gradients are the mean over all processes."""
        if self.size == 1:
            return fused_forward(network)
        return DistributedDataParallel(_FusedForward(network))

    def mean(self, value: Tensor) -> Tensor:
        """The mean of a number over all processes."""
        if self.size > 1:
            torch.distributed.all_reduce(value)
            value /= self.size
        return value


def check_shard(shard: Shard, recipe: Recipe, images: int) -> None:
    """Refuses batches that cannot be split evenly, so that all images have the same weight.

    Args:
        shard: Part of every batch that this process trains on.
        recipe: Recipe with the batch size.
        images: Number of training images.

    Raises:
        NasTcError: The workers do not divide the batch size, or the set is smaller than a batch.
    """
    if shard.size > 1 and recipe.batch_size % shard.size:
        raise NasTcError(
            f"batch_size {recipe.batch_size} cannot be split evenly among {shard.size} workers; "
            f"set a multiple of {shard.size}"
        )
    if shard.size > 1 and images < recipe.batch_size:
        raise NasTcError(
            f"{images} training images are less than a batch of {recipe.batch_size}; train with "
            "one worker"
        )


class _FusedForward(nn.Module):
    """The fused forward pass as a module, as torch's data parallelism needs it."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        """Images (n, channels, height, width) as scores (n, classes)."""
        return fused_forward(self.network)(images)
