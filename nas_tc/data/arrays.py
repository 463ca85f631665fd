"""Images that come as arrays: NumPy's npz files and the idx files of the MNIST family.

Labels are read at once, images a few megabytes at a time when they are decoded.
"""

import gzip
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib import format as npy
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray

from nas_tc.data.plan import Plan, plan_labelled
from nas_tc.data.rows import Rows
from nas_tc.data.tree import left_out_line
from nas_tc.errors import DataError, reason

_NPZ_NAMES = {  # images and labels of each split in small letters: Keras's names, and MedMNIST's
    "train": (("x_train", "y_train"), ("train_images", "train_labels"), ("x", "y")),
    "validation": tuple(
        pair
        for split in ("val", "valid", "validation")
        for pair in ((f"x_{split}", f"y_{split}"), (f"{split}_images", f"{split}_labels"))
    ),
    "test": (("x_test", "y_test"), ("test_images", "test_labels")),
}
_NPY_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
_IDX_NAMES = {"train": ("train",), "validation": ("validation", "val"), "test": ("t10k", "test")}
_IDX_UINT8 = 8
_BROKEN = (
    OSError,
    ValueError,
    EOFError,
    RuntimeError,  # a kind of zip file that Python does not read, or an encrypted one
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)

# Images and labels of each split: whole numbers, or rows of zeros and ones.
Found = dict[str, tuple[Rows, NDArray[np.int64] | NDArray[np.uint8]] | None]


def plan_npz(file: Path, name: str) -> Plan:
    """The images in an npz file: `x_train`, `y_train`, `x_test`, `y_test`, and `x_val`, `y_val`.

    The names `train_images`, `train_labels` and so on are accepted, too; `x` and `y` alone are
    split. Images are uint8, (n, height, width) or (n, height, width, channels of 1 or 3). Labels
    are whole numbers, or rows of zeros and ones with a column a class.

    Args:
        file: Path of the npz file, packed or not.
        name: Name of the data set, for messages and records.

    Raises:
        DataError: A file or an array is missing or has the wrong kind.
    """
    if not file.exists():
        raise DataError(f"no file {str(file)!r}; npz:FILE needs one that numpy.savez has written")
    found: Found = {}
    with _readable(f"{file}: not an npz file of arrays"), file.open("rb") as opened:
        try:
            arrays = np.load(opened, allow_pickle=False)
        except ValueError:  # numpy takes it for pickled objects, and asks for trust in them
            raise ValueError("it does not begin like one") from None
        if not isinstance(arrays, NpzFile):
            raise DataError(f"{file}: one array alone; an npz file has images and labels")
        written = {each.lower(): each for each in arrays}
        rest = dict(written)
        for split, names in _NPZ_NAMES.items():
            found[split] = None
            for x, y in names:
                if x in written and y in written and found[split] is None:
                    found[split] = _from_npz(file, arrays, written[x], written[y])
                    rest.pop(x), rest.pop(y)
                elif (x in written) != (y in written):
                    there, lacks = (x, y) if x in written else (y, x)
                    raise DataError(f"{file}: has {written[there]} but no {lacks}; save both")
        left_out = Counter(f"array {each}" for each in rest.values())
        place = f"{file} ({', '.join(arrays)})"
    return _plan(found, name, place, left_out_line(left_out))


def plan_idx(folder: Path, name: str) -> Plan:
    """The images in `train-images-idx3-ubyte` and its three companions, packed by gzip or not.

    The format: LeCun, Cortes & Burges, "The MNIST database of handwritten digits".

    Args:
        folder: Folder of the files.
        name: Name of the data set, for messages and records.

    Raises:
        DataError: A file is missing or broken.
    """
    if not folder.is_dir():
        raise DataError(
            f"no folder {str(folder)!r}; idx:DIR needs one with train-images-idx3-ubyte"
        )
    found: Found = {}
    used: set[str] = set()
    for split, prefixes in _IDX_NAMES.items():
        found[split] = None
        for prefix in prefixes:
            images, labels = (
                next(iter(sorted(folder.glob(f"{prefix}-{what}*idx*"))), None)
                for what in ("images", "labels")
            )
            if (images is None) != (labels is None):
                there, lacks = ("images", "labels") if labels is None else ("labels", "images")
                raise DataError(
                    f"{folder}: has {images or labels} but no {prefix}-{lacks}*; fetch the "
                    f"{lacks}, or move the {there} away"
                )
            if images is not None and labels is not None:
                with _idx(images) as (_, shape):
                    pass
                with _idx(labels) as (file, _):
                    numbers = np.frombuffer(file.read(), np.uint8)
                rows = _rows(partial(_idx_pixels, images), str(images), np.dtype(np.uint8), shape)
                found[split] = rows, _labels(numbers, rows)
                used |= {images.name, labels.name}
                break
    left_out = Counter(each.name for each in folder.iterdir() if each.name not in used)
    return _plan(found, name, str(folder), left_out_line(left_out))


def _from_npz(
    file: Path, arrays: NpzFile, x: str, y: str
) -> tuple[Rows, NDArray[np.int64] | NDArray[np.uint8]]:
    """The images `x` and the labels `y` of an npz file."""
    assert arrays.zip is not None
    member = f"{x}.npy" if f"{x}.npy" in arrays.zip.namelist() else x
    with arrays.zip.open(member) as opened:
        shape, transposed, dtype = _npy_header(opened)
    opener = partial(_npz_pixels, file, member)
    rows = _rows(opener, f"{file}, {x}", dtype, shape, transposed=transposed)
    return rows, _labels(arrays[y], rows)


@contextmanager
def _npz_pixels(file: Path, member: str) -> Iterator[IO[bytes]]:
    """An array of an npz file, open where its values begin."""
    with (
        _readable(f"{file}: not an npz file of arrays"),
        zipfile.ZipFile(file) as archive,
        archive.open(member) as opened,
    ):
        _npy_header(opened)
        yield opened


def _npy_header(opened: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[np.generic]]:
    """Shape, whether it is in Fortran's order, and type of the array that follows.

    Raises:
        ValueError: The file has no such header.
    """
    version = npy.read_magic(opened)
    if version not in _NPY_HEADERS:
        raise ValueError(f"an array of npy version {version}")
    header: tuple[tuple[int, ...], bool, np.dtype[np.generic]] = _NPY_HEADERS[version](opened)
    return header


@contextmanager
def _idx(file: Path) -> Iterator[tuple[IO[bytes], tuple[int, ...]]]:
    """An idx file, open where its values begin, and its shape."""
    opener: Callable[..., IO[bytes]] = gzip.open if file.suffix == ".gz" else open  # type: ignore[assignment]
    with _readable(f"{file}: a broken idx file"), opener(file, "rb") as opened:
        zero, kind, dimensions = struct.unpack(">HBB", opened.read(4))
        if zero != 0 or kind != _IDX_UINT8:
            raise DataError(f"{file}: not an idx file of unsigned bytes")
        yield opened, struct.unpack(f">{dimensions}I", opened.read(4 * dimensions))


@contextmanager
def _idx_pixels(file: Path) -> Iterator[IO[bytes]]:
    with _idx(file) as (opened, _):
        yield opened


@contextmanager
def _readable(what: str) -> Iterator[None]:
    """Says `what` of a file, in one line, when it cannot be read."""
    try:
        yield
    except DataError:
        raise
    except _BROKEN as error:
        raise DataError(f"{what}: {reason(error)}") from None


def _rows(
    opener: Callable[[], AbstractContextManager[IO[bytes]]],
    place: str,
    dtype: np.dtype[np.generic],
    shape: tuple[int, ...],
    *,
    transposed: bool = False,
) -> Rows:
    """The images of an array.

    Raises:
        DataError: The array has another type or shape.
    """
    if len(shape) == 4 and shape[1] in (1, 3) and shape[3] not in (1, 3):
        raise DataError(
            f"{place}: {shape} has its channels first; save x.transpose(0, 2, 3, 1)"
            f"{_as_bytes(dtype)}"
        )
    if len(shape) not in (3, 4):
        raise DataError(
            f"{place}: images must be (n, height, width) or (n, height, width, channels), not "
            f"{shape}; save x.reshape(n, height, width, channels){_as_bytes(dtype)}"
        )
    if dtype != np.uint8:
        raise DataError(f"{place}: images must be uint8, not {dtype}{_as_bytes(dtype)}")
    count, height, width, channels = shape if len(shape) == 4 else (*shape, 1)
    if channels not in (1, 3):
        way = "; save x[..., :3] if the fourth is alpha" if channels == 4 else ""
        raise DataError(f"{place}: images need 1 or 3 channels, not {channels}{way}")
    if not height or not width:
        raise DataError(f"{place}: images of {height}x{width} pixels")
    return Rows(opener, place, (count, height, width, channels), np.arange(count), transposed)


def _as_bytes(dtype: np.dtype[np.generic]) -> str:
    """How to save images of another type as uint8, for the end of an error message."""
    if dtype == np.uint8:
        return ""
    if np.issubdtype(dtype, np.floating):
        return '; if 1 is white, save (x * 255).round().astype("uint8"), else x.astype("uint8")'
    if np.issubdtype(dtype, np.bool_):
        return '; save x.astype("uint8") * 255'
    if np.issubdtype(dtype, np.integer):
        return '; if 255 is white, save x.astype("uint8"), else (x / x.max() * 255).astype("uint8")'
    return "; save one array of numbers, all images of one size"


def _labels(labels: NDArray[np.generic], rows: Rows) -> NDArray[np.int64] | NDArray[np.uint8]:
    """The labels: int64, (n,), or rows of zeros and ones, uint8, (n, classes).

    Raises:
        DataError: The labels have another type or number.
    """
    count = len(rows)
    if labels.ndim == 2 and labels.shape[1] > 1 and len(labels) == count:
        if not np.isin(labels, (0, 1)).all():
            raise DataError(
                f"{rows.place}: labels of {labels.shape} are not all 0 or 1; save a 1 for each "
                "label that an image has, or the number of its class"
            )
        return labels.astype(np.uint8)
    flat = labels.reshape(-1)
    if labels.shape[:1] != (count,) or len(flat) != count:
        raise DataError(
            f"{rows.place}: labels of {labels.shape}; needs a whole number for each of the "
            f"{count} images"
        )
    if not np.issubdtype(flat.dtype, np.integer):
        way = (
            "numpy.unique(y, return_inverse=True)[1]"
            if flat.dtype.kind in "US"
            else "y.astype(int)"
        )
        raise DataError(
            f"{rows.place}: labels are {flat.dtype}; needs a whole number for each of the "
            f"{count} images: save {way}"
        )
    return flat.astype(np.int64)


def _plan(found: Found, name: str, place: str, remarks: Sequence[str] = ()) -> Plan:
    train = found["train"]
    if train is None or not len(train[0]):
        raise DataError(f"{place}: no training images; see docs/data.md for the names")
    splits = {split: here and (here[0], _listed(here[1])) for split, here in found.items()}
    return plan_labelled(name, splits, place, remarks)


def _listed(
    labels: NDArray[np.int64] | NDArray[np.uint8],
) -> list[int] | NDArray[np.uint8]:
    """Numbers of classes as a list; rows of zeros and ones as they are."""
    return labels.astype(np.uint8) if labels.ndim == 2 else labels.tolist()
