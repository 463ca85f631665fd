"""What chance decides about the batches of an epoch: the images, and how each is altered.

The numbers are drawn on the processor, for each batch in turn, wherever the images are: a training
has the same batches on every device.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from nas_tc.recipe.recipe import Recipe
from nas_tc.training.balance import balanced_order
from nas_tc.training.colour import drawn_noise
from nas_tc.training.shard import Shard


@dataclass(frozen=True, slots=True)
class Draw:
    """A batch of k images, and how each is altered.

    Attributes:
        chosen: int64, (k,): indices of the images.
        shifts: int64, (2, k): shift of each image's window down and across, pixels; None: images
            are taken as they are.
        flipped: bool, (k,): whether an image is mirrored; None: none is.
        colours: float, (k, channels): colour that is added to all pixels of an image; None: none.
    """

    chosen: Tensor
    shifts: Tensor | None
    flipped: Tensor | None
    colours: Tensor | None

    def packed(self) -> Tensor:
        """All but the colours in one tensor: int64, (4, k); see `unpacked`."""
        zeros = torch.zeros_like(self.chosen)
        down, across = (zeros, zeros) if self.shifts is None else self.shifts
        flipped = zeros if self.flipped is None else self.flipped.long()
        return torch.stack([self.chosen, down, across, flipped])


def drawn_batches(
    count: int,
    margin: int,
    colours: Tensor | None,
    recipe: Recipe,
    generator: torch.Generator,
    shard: Shard,
    labels: Tensor | None,
) -> Iterator[Draw]:
    """The batches of one epoch, each drawn when it is asked for.

    A last batch that is not full is left out, because normalisation statistics over a few images do
    harm. A set smaller than a batch is one batch.

    Args:
        count: Number of images.
        margin: Number of pixels by which the images exceed the window that is cut out of them.
        colours: Components of the colours, on the processor; see `Images`.
        recipe: Batch size, balance and augmentation.
        generator: Generator on the processor.
        shard: Part of every batch to return; the numbers that are drawn do not depend on it.
        labels: Classes of the images, on the processor; only balanced batches need them.

    Yields:
        One batch after another.
    """
    if recipe.batches == "balanced":
        assert labels is not None
        order = balanced_order(labels, generator)
    else:
        order = torch.randperm(count, generator=generator)
    for indices in order.split(recipe.batch_size):
        if len(indices) == recipe.batch_size or count < recipe.batch_size:
            part = shard.part(len(indices))
            shifts, flipped = _alterations(len(indices), margin, recipe, generator)
            added = None
            if "colour" in recipe.augment and colours is not None:
                added = drawn_noise(len(indices), colours, generator)[part] @ colours.T
            yield Draw(
                indices[part],
                None if shifts is None else shifts[:, part],
                None if flipped is None else flipped[part],
                added,
            )


def _alterations(
    count: int, margin: int, recipe: Recipe, generator: torch.Generator
) -> tuple[Tensor | None, Tensor | None]:
    """Shifts and flips of a batch of `count` images."""
    if not is_altered(margin, recipe):
        return None, None
    flipped = None
    if "flip" in recipe.augment:
        flipped = torch.rand(count, generator=generator) < 0.5
    if "crop" not in recipe.augment:
        return torch.full((2, count), margin // 2), flipped
    reach = recipe.crop_padding
    return torch.randint(-reach, margin + reach + 1, (2, count), generator=generator), flipped


def is_altered(margin: int, recipe: Recipe) -> bool:
    """Whether the pixels of an image are a window of it, or its mirror image."""
    return bool(margin or set(recipe.augment) & {"crop", "flip"})
