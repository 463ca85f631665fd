"""The steps of a training on the processor: each batch is made when its step begins."""

from collections.abc import Iterator, Sequence
from functools import partial

import torch
from torch import Tensor

from nas_tc.recipe.recipe import Recipe
from nas_tc.training.batches import Images, shuffled_batches
from nas_tc.training.shard import Shard
from nas_tc.training.step import Step


class HostSteps:
    """Steps one after another, with the same interface as `GpuSteps`.

    Args:
        step: Step of the training.
        images: Images to learn from, on the processor.
        recipe: Batch size and augmentation.
        generator: Generator for the order of the images and their augmentation.
        shard: Part of every batch that this process trains on.

    Attributes:
        total: Sum of the losses of this epoch so far.
        reason: Empty: steps are meant to run one by one here.
    """

    def __init__(
        self,
        step: Step,
        images: Images,
        recipe: Recipe,
        generator: torch.Generator,
        shard: Shard,
    ) -> None:
        self.total = torch.zeros(())
        self.reason = ""
        self._step = step
        self._batches = partial(shuffled_batches, images, recipe, generator, shard)
        self._generator = generator
        self._epoch: Iterator[tuple[tuple[Tensor, Tensor], float, float]] = iter(())

    def begin_epoch(self, rates: Sequence[float], shares: Sequence[float]) -> None:
        """Begins an epoch.

        Args:
            rates: Learning rate of each step.
            shares: Weight of the new weights in their average in each step.
        """
        self.total = torch.zeros(())
        self._epoch = zip(self._batches(), rates, shares, strict=False)

    def run(self) -> None:
        """Trains on the next batch."""
        batch, rate, share = next(self._epoch)
        self.total += self._step(*batch, rate, share)

    def look_ahead(self) -> None:
        """Does nothing: a batch is made when its step begins."""

    def generator_state(self) -> Tensor:
        """State of the generator between two epochs."""
        return self._generator.get_state()

    def resume_generator(self, state: Tensor) -> None:
        """Restores what `generator_state` returned."""
        self._generator.set_state(state)
