"""Batches of images, made by tensor operations on whole batches."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor

from nas_tc.data import Split
from nas_tc.errors import DeviceError
from nas_tc.recipe.recipe import Recipe
from nas_tc.training.colour import add_colours, principal_colours
from nas_tc.training.device_errors import ran_out
from nas_tc.training.draws import drawn_batches
from nas_tc.training.memory import room_for_images
from nas_tc.training.prefetch import prefetched
from nas_tc.training.scaling import Side, scaled
from nas_tc.training.sending import copied, sent_ahead
from nas_tc.training.shard import Shard

_ALL = Shard()


@dataclass(frozen=True)
class Images:
    """Images and labels on the device that trains.

    Attributes:
        pixels: uint8, (n, height, width, channels). The pixels of a set that is too large for the
            device stay in a mapped file or in main memory; a thread reads ahead.
        labels: int64, (n,), or uint8, (n, classes), on the device that trains.
        colours: float, (channels, channels), on the processor, for the augmentation "colour": see
            `nas_tc.training.colour`.
        margin: Number of pixels by which the images exceed the window that is cut out of them.
        streamed: Whether a thread makes batches ahead, because the pixels are not on the device.
        size: Height and width of the network's input, pixels, to which windows are scaled; None:
            windows have that size.
    """

    pixels: Tensor
    labels: Tensor
    colours: Tensor | None = None
    margin: int = 0
    streamed: bool = False
    size: Side | None = None

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def window(self) -> Side:
        """Height and width of the windows, pixels."""
        _, height, width, _ = self.pixels.shape
        return height - self.margin, width - self.margin

    def at(self, size: Side) -> Self:
        """The same images for a network whose input has another size than they have.

        Args:
            size: Height and width of the network's input, pixels.
        """
        return replace(self, size=None if size == self.window else size)


def images_on(device: torch.device, split: Split, margin: int = 0, sharers: int = 1) -> Images:
    """The images of a split for training or testing on `device`.

    Images in memory stay there, or move to the GPU's memory if they take at most half of it. All
    others are sent batch by batch, from their file or from main memory.

    Args:
        device: Device that trains.
        split: Images to take.
        margin: Number of pixels by which the images exceed the window that is cut out of them.
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
    return replace(images, colours=principal_colours(images.pixels))


def shuffled_batches(
    images: Images, recipe: Recipe, generator: torch.Generator, shard: Shard = _ALL
) -> Iterator[tuple[Tensor, Tensor]]:
    """One epoch: augmented images, float 0 to 1 in channels_last format, and their labels.

    Args:
        images: Images to draw from, on the processor; `GpuSteps` makes the same batches on a GPU.
        recipe: Batch size, balance and augmentation.
        generator: Generator for the order and the augmentation; see `drawn_batches`.
        shard: Part of every batch to return; the random numbers do not depend on it.
    """
    batches = _shuffled(images, recipe, generator, shard)
    return prefetched(batches) if images.streamed else batches


def _shuffled(
    images: Images, recipe: Recipe, generator: torch.Generator, shard: Shard
) -> Iterator[tuple[Tensor, Tensor]]:
    drawn = drawn_batches(
        len(images), images.margin, images.colours, recipe, generator, shard, images.labels
    )
    for draw in drawn:
        if draw.shifts is None:
            pixels = images.pixels[draw.chosen]
        else:
            pixels = altered(images.pixels, draw.chosen, images.margin, draw.shifts, draw.flipped)
        floats = to_input(pixels, images.size)
        if draw.colours is not None:
            add_colours(floats, draw.colours)
        yield floats, images.labels[draw.chosen]


def plain_batches(images: Images, batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
    """All images in order, without augmentation; of larger images the centre."""
    windows, labels = _windows(images, batch_size), images.labels.split(batch_size)
    if images.streamed and images.labels.device.type != "cpu":
        windows = sent_ahead(copied(windows), images.labels.device)
    inputs = (to_input(window, images.size) for window in windows)
    batches = zip(inputs, labels, strict=True)
    is_read_ahead = images.streamed and images.labels.device.type == "cpu"
    return prefetched(batches) if is_read_ahead else batches


def _windows(images: Images, batch_size: int) -> Iterator[Tensor]:
    start = images.margin // 2
    height, width = images.window
    for pixels in images.pixels.split(batch_size):
        yield pixels[:, start : start + height, start : start + width]


def ten_views(images: Images, batch_size: int, reach: int) -> Iterator[tuple[list[Tensor], Tensor]]:
    """All images in order, each as its centre and four corners and their mirror images.

    Krizhevsky et al., "ImageNet classification with deep convolutional neural networks" (2012),
    section 4.1. Images without a margin are shifted by `reach` pixels into their reflection. A view
    is cut first and scaled then, so that it shows the same part of an image at every size.
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
                views.append(to_input(seen.to(images.labels.device), images.size))
        yield views, images.labels[chosen.to(images.labels.device)]


def to_input(pixels: Tensor, size: Side | None) -> Tensor:
    """Windows as a network takes them: at its own size, and as `to_float` has them.

    Args:
        pixels: uint8, (n, height, width, channels).
        size: Height and width of the network's input, pixels; None: that of the windows.
    """
    return to_float(pixels if size is None else scaled(pixels, size))


def to_float(pixels: Tensor) -> Tensor:
    """uint8 (n, height, width, channels) as float (n, channels, height, width), 0 to 1.

    The bytes stay where they are: that layout is torch's channels_last.
    """
    floats = pixels.permute(0, 3, 1, 2).float()
    if pixels.device.type == "cpu":
        return floats.div_(255)
    # By a number a GPU multiplies with its reciprocal, whose last bit differs from a quotient's.
    return floats.div_(torch.full((), 255.0, device=pixels.device))


def altered(
    pixels: Tensor, chosen: Tensor, margin: int, shifts: Tensor, flipped: Tensor | None
) -> Tensor:
    """A window of each chosen image, shifted and mirrored.

    A shift beyond the border takes pixels of the image's reflection, so no padded copy is needed.

    Args:
        pixels: uint8, (n, height, width, channels).
        chosen: int64, (k,), indices of images, on the device of the pixels like the rest.
        margin: Number of pixels by which the images exceed the window.
        shifts: int64, (2, k): shifts of the windows down and across.
        flipped: bool, (k,): whether an image is mirrored; None: none is.

    Returns:
        uint8, (k, height - margin, width - margin, channels).
    """
    _, height, width, _ = pixels.shape
    rows = torch.arange(height - margin, device=chosen.device)
    columns = torch.arange(width - margin, device=chosen.device)
    if flipped is not None:
        columns = torch.where(flipped[:, None], columns.flip(0), columns)
    rows = _reflected(rows + shifts[0][:, None], height)
    columns = _reflected(columns + shifts[1][:, None], width)
    return _gathered(pixels, chosen, rows, columns)


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
