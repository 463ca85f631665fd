"""Images that are the rows of an array in a file: read a few megabytes at a time."""

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
        opened: opens the file where the pixels begin, to be read once from there to the end; says
            what is wrong with it as a `DataError`.
        place: how to call the array in an error.
        shape: of the whole array: images, height, width and channels.
        chosen: rows, ascending.
        transposed: whether the file has the last axis first and the images last (Fortran's order),
            in which no image can be read before all are.
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
        """Of the whole array."""
        return int(np.prod(self.shape))

    def name(self, index: int) -> str:
        """The place and the row."""
        return f"{self.place}, image {self.chosen[index]}"

    def take(self, indices: NDArray[np.int64]) -> "Rows":
        """Some of them."""
        return Rows(self.opened, self.place, self.shape, self.chosen[indices], self.transposed)

    def blocks(self, start: int = 0) -> Iterator[NDArray[np.uint8]]:
        """The images from `start` on, in order, a few at a time.

        The file is read to its end, where a packed one has its checksum.

        Yields:
            uint8, (n, height, width, channels).

        Raises:
            DataError: a file that is broken, too short or too long.
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
