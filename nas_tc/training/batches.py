"""Batches of images, made by tensor operations on whole batches."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from nas_tc.data import Split
from nas_tc.errors import DeviceError
from nas_tc.recipe.recipe import Recipe
from nas_tc.training.colour import altered_colours, drawn_noise, principal_colours
from nas_tc.training.device_errors import ran_out
from nas_tc.training.memory import room_for_images
from nas_tc.training.prefetch import prefetched
from nas_tc.training.shard import Shard

_ALL = Shard()


@dataclass(frozen=True)
class Images:
    """Images and labels on the device that trains.

    Attributes:
        pixels: uint8, (n, height, width, channels). The pixels of a set that is too large for the
            device stay in a mapped file or in main memory; a thread reads ahead.
        labels: int64, (n,), on the device that trains.
        colours: float, (channels, channels), for the augmentation "colour": see
            `nas_tc.training.colour`.
        margin: Number of pixels by which the images exceed the network's input; a window is cut.
        streamed: Whether a thread makes batches ahead, because the pixels are not on the device.
    """

    pixels: Tensor
    labels: Tensor
    colours: Tensor | None = None
    margin: int = 0
    streamed: bool = False

    def __len__(self) -> int:
        return len(self.labels)


def images_on(device: torch.device, split: Split, margin: int = 0, sharers: int = 1) -> Images:
    """The images of a split for training or testing on `device`.

    Images in memory stay there, or move to the GPU's memory if they take at most half of it. All
    others are sent batch by batch, from their file or from main memory.

    Args:
        device: Device that trains.
        split: Images to take.
        margin: Number of pixels by which the images exceed the network's input.
        sharers: Number of processes that share the GPU, this one included.

    Raises:
        DeviceError: The GPU has no room even for the labels.
    """
    with warnings.catch_warnings():
        # The pages are read-only and shared with other processes; we only read them.
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        pixels, labels = torch.from_numpy(split.images), torch.from_numpy(split.labels)
    streamed = split.file is not None
    try:
        on_device = labels.to(device)
    except (MemoryError, RuntimeError) as error:
        if not ran_out(error):
            raise
        raise DeviceError(
            f"the GPU has no room for {len(split):,} labels, {labels.nbytes:,} bytes: end the "
            "program that fills it, or use --device cpu"
        ) from None
    if not streamed and device.type == "cuda":
        try:
            streamed = pixels.nbytes > room_for_images(device, sharers)
            pixels = pixels if streamed else pixels.to(device)
        except (MemoryError, RuntimeError) as error:
            if not ran_out(error):
                raise
            streamed = True  # another process was quicker
    return Images(pixels, on_device, margin=margin, streamed=streamed)


def with_colours(images: Images, recipe: Recipe) -> Images:
    """The training images with the statistics that the augmentation "colour" needs, if it is on."""
    if "colour" not in recipe.augment:
        return images
    colours = principal_colours(images.pixels).to(images.labels.device)
    return replace(images, colours=colours)


def shuffled_batches(
    images: Images, recipe: Recipe, generator: torch.Generator, shard: Shard = _ALL
) -> Iterator[tuple[Tensor, Tensor]]:
    """One epoch: augmented images, float 0 to 1 in channels_last format, and their labels.

    A last batch that is not full is left out, because normalisation statistics over a few images do
    harm. A set smaller than a batch is one batch.

    Args:
        images: Images to draw from.
        recipe: Batch size and augmentation.
        generator: Generator for the order and the augmentation, on the processor.
        shard: Part of every batch to return; the random numbers do not depend on it.
    """
    batches = _shuffled(images, recipe, generator, shard)
    return prefetched(batches) if images.streamed else batches


def _shuffled(
    images: Images, recipe: Recipe, generator: torch.Generator, shard: Shard
) -> Iterator[tuple[Tensor, Tensor]]:
    device = images.labels.device
    order = torch.randperm(len(images), generator=generator)
    for indices in order.split(recipe.batch_size):
        if len(indices) == recipe.batch_size or len(images) < recipe.batch_size:
            chosen = indices.to(images.pixels.device)
            part = shard.part(len(chosen))
            floats = to_float(_augmented(images, chosen, recipe, generator, part).to(device))
            if "colour" in recipe.augment and images.colours is not None:
                noise = drawn_noise(len(chosen), images.colours, generator)
                floats = altered_colours(floats, images.colours, noise[part])
            yield floats, images.labels[indices[part].to(device)]


def plain_batches(images: Images, batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
    """All images in order, without augmentation; of larger images the centre."""
    batches = _plain(images, batch_size)
    return prefetched(batches) if images.streamed else batches


def _plain(images: Images, batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
    start = images.margin // 2
    height, width = (side - images.margin for side in images.pixels.shape[1:3])
    for pixels, labels in zip(
        images.pixels.split(batch_size), images.labels.split(batch_size), strict=True
    ):
        window = pixels[:, start : start + height, start : start + width]
        yield to_float(window.to(labels.device)), labels


def ten_views(images: Images, batch_size: int, reach: int) -> Iterator[tuple[list[Tensor], Tensor]]:
    """All images in order, each as its centre and four corners and their mirror images.

    Krizhevsky et al., "ImageNet classification with deep convolutional neural networks" (2012),
    section 4.1. Images without a margin are shifted by `reach` pixels into their reflection.
    """
    margin = images.margin
    low, middle, high = (0, margin // 2, margin) if margin else (-reach, 0, reach)
    offsets = ((middle, middle), (low, low), (low, high), (high, low), (high, high))
    _, height, width, _ = images.pixels.shape
    device = images.pixels.device
    for chosen in torch.arange(len(images), device=device).split(batch_size):
        views = []
        for top, left in offsets:
            rows = _reflected(torch.arange(height - margin, device=device) + top, height)
            columns = _reflected(torch.arange(width - margin, device=device) + left, width)
            for each in (columns, columns.flip(0)):
                lines = rows.expand(len(chosen), -1), each.expand(len(chosen), -1)
                seen = _gathered(images.pixels, chosen, *lines)
                views.append(to_float(seen.to(images.labels.device)))
        yield views, images.labels[chosen.to(images.labels.device)]


def to_float(pixels: Tensor) -> Tensor:
    """uint8 (n, height, width, channels) as float (n, channels, height, width), 0 to 1.

    The bytes stay where they are: that layout is torch's channels_last.
    """
    return pixels.permute(0, 3, 1, 2).float().div_(255)


def _augmented(
    images: Images, chosen: Tensor, recipe: Recipe, generator: torch.Generator, part: slice
) -> Tensor:
    """A part of the chosen images, each shifted and mirrored at random.

    A shift beyond the border takes pixels of the image's reflection, so no padded copy is needed.
    """
    pixels, margin = images.pixels, images.margin
    if not margin and not set(recipe.augment) & {"crop", "flip"}:
        return pixels[chosen[part]]
    _, height, width, _ = pixels.shape
    count = len(chosen)
    rows = torch.arange(height - margin).expand(count, -1)
    columns = torch.arange(width - margin).expand(count, -1)
    if "flip" in recipe.augment:
        flipped = torch.rand(count, 1, generator=generator) < 0.5
        columns = torch.where(flipped, columns.flip(1), columns)
    if "crop" in recipe.augment:
        reach = recipe.crop_padding
        shifts = torch.randint(-reach, margin + reach + 1, (2, count, 1), generator=generator)
    else:
        shifts = torch.full((2, 1, 1), margin // 2)
    chosen = chosen[part]
    rows = _reflected((rows + shifts[0])[part], height)
    columns = _reflected((columns + shifts[1])[part], width)
    return _gathered(pixels, chosen, rows.to(chosen.device), columns.to(chosen.device))


def _gathered(pixels: Tensor, chosen: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """`pixels[chosen, rows, columns]` for one row and one column index a line of pixels.

    Whole lines are copied first, then the bytes within each: five times as fast as three indices
    for every pixel.

    Args:
        pixels: (n, height, width, channels).
        chosen: (k,), indices of images.
        rows: (k, height of the window), indices of rows.
        columns: (k, width of the window), indices of columns.

    Returns:
        (k, height and width of the window, channels).
    """
    _, height, width, channels = pixels.shape
    count = len(chosen)
    lines = pixels.view(-1, width * channels)
    found = lines.index_select(0, (chosen[:, None] * height + rows).flatten())
    within = columns[:, :, None] * channels + torch.arange(channels, device=columns.device)
    seen = rows.shape[1], columns.shape[1]
    index = within.view(count, 1, -1).expand(-1, seen[0], -1)
    return found.view(count, seen[0], -1).gather(2, index).view(count, *seen, channels)


def _reflected(positions: Tensor, side: int) -> Tensor:
    """Positions beyond 0 and side - 1 mirrored at the border pixels."""
    last = side - 1
    return (last - (last - positions.abs()).abs()).clamp_(0, last)
