"""Sources of encoded images (PNG, JPEG and so on), which are read a few at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from nas_tc.errors import DataError, reason

Source = Path | bytes | None  # an image file, its content, or None if the image is missing
_ROWS = 64  # rows of a parquet file that are in memory at once, encoded


class Encoded(Protocol):
    """Encoded images in a fixed order."""

    def __len__(self) -> int:
        """Number of images."""

    def name(self, index: int) -> str:
        """Name of an image, for error messages."""

    def read(self, start: int = 0) -> Iterator[Source]:
        """The images from `start` on, in order."""

    def take(self, indices: NDArray[np.int64]) -> Self:
        """The images at `indices`, in ascending order."""


@dataclass(frozen=True)
class Files:
    """Images in a file each."""

    paths: Sequence[Path]

    def __len__(self) -> int:
        return len(self.paths)

    def name(self, index: int) -> str:
        """Path of an image."""
        return str(self.paths[index])

    def read(self, start: int = 0) -> Iterator[Source]:
        """The paths from `start` on."""
        yield from self.paths[start:]

    def take(self, indices: NDArray[np.int64]) -> "Files":
        """The files at `indices`."""
        return Files([self.paths[index] for index in indices])


@dataclass(frozen=True)
class Contents:
    """Encoded images in memory, such as those of a data set of the hub.

    Attributes:
        images: Encoded image of each row; None if it is missing.
        place: Name of the data, for error messages.
        chosen: Rows of the images that this source has.
    """

    images: Sequence[bytes | None]
    place: str
    chosen: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.chosen)

    def name(self, index: int) -> str:
        """Place and row of an image."""
        return f"{self.place}, row {self.chosen[index]}"

    def read(self, start: int = 0) -> Iterator[Source]:
        """The encoded images from `start` on."""
        yield from (self.images[row] for row in self.chosen[start:])

    def take(self, indices: NDArray[np.int64]) -> "Contents":
        """The rows at `indices` of those chosen."""
        return Contents(self.images, self.place, self.chosen[indices])


@dataclass(frozen=True)
class ParquetRows:
    """Encoded images in rows of parquet files; `_ROWS` of them are in memory at once.

    Attributes:
        files: Path, image column and number of rows of each file.
        chosen: Rows of the images that this source has, counted over all files, ascending.
    """

    files: tuple[tuple[Path, str, int], ...]
    chosen: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.chosen)

    def name(self, index: int) -> str:
        """File and row of an image."""
        row = int(self.chosen[index])
        for path, _, count in self.files:
            if row < count:
                return f"{path}, row {row}"
            row -= count
        raise IndexError(index)

    def read(self, start: int = 0) -> Iterator[Source]:
        """The encoded images from `start` on; row groups without chosen rows are not read."""
        wanted = self.chosen[start:]
        ends = accumulate((count for _, _, count in self.files), initial=0)
        for (path, column, _), (first, end) in zip(self.files, pairwise(ends), strict=True):
            here = wanted[(wanted >= first) & (wanted < end)] - first
            if len(here):
                yield from _contents(path, column, here)

    def take(self, indices: NDArray[np.int64]) -> "ParquetRows":
        """The rows at `indices` of those chosen, in ascending order."""
        return ParquetRows(self.files, self.chosen[indices])


def content(value: object) -> bytes | None:
    """The encoded image in a field, which may be a struct with `bytes`; None if there is none."""
    encoded = value.get("bytes") if isinstance(value, dict) else value
    return encoded if isinstance(encoded, bytes) and encoded else None


def _contents(path: Path, column: str, wanted: NDArray[np.int64]) -> Iterator[bytes | None]:
    """The encoded images in the `wanted` rows of one file."""
    import pyarrow  # noqa: PLC0415 - slow to import
    import pyarrow.parquet  # noqa: PLC0415

    start = 0  # index in the file of the first row that is not read yet
    try:
        with pyarrow.parquet.ParquetFile(path, buffer_size=2**20) as file:
            for group in range(file.num_row_groups):
                end = start + file.metadata.row_group(group).num_rows
                if not np.any((wanted >= start) & (wanted < end)):
                    start = end
                    continue
                for batch in file.iter_batches(_ROWS, row_groups=[group], columns=[column]):
                    here = wanted[(wanted >= start) & (wanted < start + len(batch))] - start
                    start += len(batch)
                    yield from map(content, batch.column(0).take(pyarrow.array(here)).to_pylist())
    except (OSError, pyarrow.ArrowException) as error:
        raise DataError(f"{path}: a broken parquet file: {reason(error)}") from None
