"""Images that are rows of an array in a file, read a few megabytes at a time."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import IO

import numpy as np
from numpy.typing import NDArray

_BLOCK_BYTES = 2**22  # read together


@dataclass(frozen=True)
class Rows:
    """Some rows of an array of images in a file.

    Attributes:
        opened: Opens the file at the first pixel, to be read once to its end; raises a `DataError`
            if the file is wrong.
        place: Name of the array in errors.
        shape: Shape of the whole array: images, height, width and channels.
        chosen: Indices of rows, ascending.
        transposed: Whether the file has the last axis first and the images last (Fortran order), so
            that no image can be read before all are.
    """

    opened: Callable[[], AbstractContextManager[IO[bytes]]]
    place: str
    shape: tuple[int, int, int, int]
    chosen: NDArray[np.int64]
    transposed: bool = False

    def __len__(self) -> int:
        return len(self.chosen)

    @property
    def nbytes(self) -> int:
        """Bytes of the whole array."""
        return int(np.prod(self.shape))

    def name(self, index: int) -> str:
        """Name of an image in errors: the place and the row."""
        return f"{self.place}, image {self.chosen[index]}"

    def take(self, indices: NDArray[np.int64]) -> "Rows":
        """The rows at `indices`."""
        return Rows(self.opened, self.place, self.shape, self.chosen[indices], self.transposed)

    def blocks(self, start: int = 0) -> Iterator[NDArray[np.uint8]]:
        """The images from `start` on, in order, a few at a time.

        The file is read to its end, where a packed one has its checksum.

        Args:
            start: Index of the first image.

        Yields:
            uint8, (n, height, width, channels).

        Raises:
            DataError: The file is broken, too short or too long.
        """
        wanted = self.chosen[start:]
        count, *image = self.shape
        together = max(1, _BLOCK_BYTES // int(np.prod(image)))
        if self.transposed:
            together = max(1, count)
        with self.opened() as file:
            for first in range(0, count, together):
                rows = min(together, count - first)
                content = np.frombuffer(file.read(rows * int(np.prod(image))), np.uint8)
                if content.size < rows * int(np.prod(image)):
                    raise EOFError(f"ends before the last of {count:,} images")
                block = content.reshape((rows, *image), order="F" if self.transposed else "C")
                here = wanted[(wanted >= first) & (wanted < first + rows)] - first
                if len(here):
                    yield block[here]
            if file.read(1):
                raise ValueError(f"goes on after the last of {count:,} images")
