"""The images that exported files are compared on, and those that calibrate 8 bits."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nas_tc.architecture import Architecture, walk
from nas_tc.data import ImageData
from nas_tc.data.images import Split
from nas_tc.training import images_on
from nas_tc.training.batches import plain_batches

_BATCH = 100  # images
_MOST = 10_000  # images compared, if they take half a GiB or less
_MOST_BYTES = 2**29
_MOST_MACS = 10**12  # a file: half a minute or a minute of one core
_NOISE = 32  # images, where there are none of the study
_CALIBRATION = 256  # images
_CALIBRATION_BATCH = 64


class ComparisonImages:
    """Batches of test images with labels; of noise without, if there are no images.

    Args:
        images: Images of the study.
        network: Network that is compared: a large one on fewer images.
    """

    def __init__(self, images: ImageData | None, network: Architecture) -> None:
        self._images = images
        self._shape = shape = network.input
        if images is None:
            self.words = f"{_NOISE} images of noise"
            self.calibration_images = 0
            return
        macs = sum(layer.macs for layer in walk(network))
        most = max(1, min(_MOST, _MOST_BYTES // int(np.prod(shape)), _MOST_MACS // macs))
        self._test = _evenly(images.test, most)
        self._train = _evenly(images.train, _CALIBRATION)
        of = "" if len(self._test) == len(images.test) else f" of {len(images.test):,}"
        self.words = f"{len(self._test):,}{of} test images of {images.name}"
        self.calibration_images = len(self._train)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor | None]]:
        if self._images is None:
            noise = torch.rand(_NOISE, *self._shape, generator=torch.Generator().manual_seed(0))
            yield noise.to(memory_format=torch.channels_last), None
            return
        yield from plain_batches(
            images_on(torch.device("cpu"), self._test).at(self._shape[1:]), _BATCH
        )

    def calibration(self) -> Iterator[NDArray[np.float32]]:
        """Batches of training images, float, 0 to 1; none if there are no images."""
        if self._images is not None:
            images = images_on(torch.device("cpu"), self._train).at(self._shape[1:])
            for batch, _ in plain_batches(images, _CALIBRATION_BATCH):
                yield batch.contiguous().numpy()


def _evenly(split: Split, most: int) -> Split:
    """At most `most` images of a split, at even distances."""
    if len(split) <= most:
        return split
    return split.take(np.linspace(0, len(split) - 1, most).astype(np.int64))
