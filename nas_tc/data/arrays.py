"""Images that come as arrays: NumPy's npz files and the idx files of the MNIST family."""

import gzip
import struct
import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray

from nas_tc.data.decode import Decoding, fit_array
from nas_tc.data.images import ImageData, Split, label_numbers, split_off, split_validation
from nas_tc.errors import DataError

_NPZ_NAMES = {  # images and labels of each split: Keras's names and those of MedMNIST
    "train": (("x_train", "y_train"), ("train_images", "train_labels"), ("x", "y")),
    "validation": (("x_val", "y_val"), ("val_images", "val_labels")),
    "test": (("x_test", "y_test"), ("test_images", "test_labels")),
}
_IDX_NAMES = {"train": ("train",), "validation": ("validation", "val"), "test": ("t10k", "test")}
_IDX_UINT8 = 8
Arrays = tuple[NDArray[np.uint8], NDArray[np.int64]]


def load_npz(
    file: Path, side: tuple[int, int] | None, name: str, decoding: Decoding | None = None
) -> ImageData:
    """Images from an npz file: `x_train`, `y_train`, `x_test`, `y_test`, and `x_val`, `y_val`.

    The names `train_images`, `train_labels` and so on do as well; `x` and `y` alone are split.
    Images are uint8, (n, height, width) or (n, height, width, channels of 1 or 3).

    Args:
        file: the npz file.
        side: height and width in pixels to scale to; None: those of the file.
        name: of the data, for messages and records.
        decoding: who watches.

    Raises:
        DataError: a file or an array that is missing or of another kind.
    """
    try:
        with file.open("rb") as opened, _opened_npz(opened, file) as arrays:
            found = {
                split: next(
                    (
                        _checked(arrays[x], arrays[y], f"{file}, {x}")
                        for x, y in names
                        if x in arrays and y in arrays
                    ),
                    None,
                )
                for split, names in _NPZ_NAMES.items()
            }
            names = ", ".join(arrays)
    except DataError:
        raise
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else "broken"
        raise DataError(f"{file}: not an npz file of arrays: {reason}") from None
    return _split(found, side, name, f"{file} ({names})", decoding or Decoding())


def load_idx(
    folder: Path, side: tuple[int, int] | None, name: str, decoding: Decoding | None = None
) -> ImageData:
    """Images from `train-images-idx3-ubyte` and its three companions, packed by gzip or not.

    The format: LeCun, Cortes & Burges, "The MNIST database of handwritten digits".

    Args:
        folder: where the files are.
        side: height and width in pixels to scale to; None: those of the files.
        name: of the data, for messages and records.
        decoding: who watches.

    Raises:
        DataError: a file that is missing or broken.
    """
    if not folder.is_dir():
        raise DataError(
            f"no folder {str(folder)!r}; idx:DIR needs one with train-images-idx3-ubyte"
        )
    found: dict[str, Arrays | None] = {}
    for split, prefixes in _IDX_NAMES.items():
        found[split] = None
        for prefix in prefixes:
            files = [
                next(iter(sorted(folder.glob(f"{prefix}-{what}*idx*"))), None)
                for what in ("images", "labels")
            ]
            if files[0] is not None and files[1] is not None:
                images, labels = (_read_idx(file) for file in files if file is not None)
                found[split] = _checked(images, labels, str(files[0]))
                break
    return _split(found, side, name, str(folder), decoding or Decoding())


def _opened_npz(opened: BinaryIO, file: Path) -> NpzFile:
    loaded = np.load(opened, allow_pickle=False)
    if not isinstance(loaded, NpzFile):
        raise DataError(f"{file}: one array alone; an npz file has images and labels")
    return loaded


def _read_idx(file: Path) -> NDArray[np.uint8]:
    try:
        content = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        zero, kind, dimensions = struct.unpack_from(">HBB", content)
        shape = struct.unpack_from(f">{dimensions}I", content, 4)
        if zero != 0 or kind != _IDX_UINT8:
            raise DataError(f"{file}: not an idx file of unsigned bytes")
        return np.frombuffer(content, np.uint8, offset=4 + 4 * dimensions).reshape(shape)
    except (OSError, EOFError, struct.error, ValueError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{file}: a broken idx file: {error}") from None


def _checked(images: NDArray[np.generic], labels: NDArray[np.generic], place: str) -> Arrays:
    """Images as (n, height, width, channels) and labels as (n,)."""
    if images.dtype != np.uint8 or images.ndim not in (3, 4):
        raise DataError(
            f"{place}: images must be uint8 of (n, height, width) or (n, height, width, channels), "
            f"not {images.dtype} of {images.shape}"
        )
    pixels = images[..., None] if images.ndim == 3 else images
    if pixels.shape[-1] not in (1, 3):
        raise DataError(f"{place}: images need 1 or 3 channels, not {pixels.shape[-1]}")
    flat = labels.reshape(-1)
    if not np.issubdtype(flat.dtype, np.integer) or len(flat) != len(pixels):
        raise DataError(f"{place}: needs a whole number for each of the {len(pixels)} images")
    # Whole lines of pixels are looked up in training, so they must lie in a row.
    return np.ascontiguousarray(pixels, dtype=np.uint8), flat.astype(np.int64)


def _split(
    found: dict[str, Arrays | None],
    side: tuple[int, int] | None,
    name: str,
    place: str,
    decoding: Decoding,
) -> ImageData:
    train = found["train"]
    if train is None or not len(train[1]):
        raise DataError(f"{place}: no training images; see docs/training.md for the names")
    numbers, classes = label_numbers(train[1].tolist(), place)
    known = {int(each): number for number, each in enumerate(classes)}
    whole = Split(fit_array(train[0], side, decoding), numbers)
    others: dict[str, Split] = {}
    for split in ("validation", "test"):
        arrays = found[split]
        if arrays is not None:
            if extra := set(arrays[1].tolist()) - set(known):
                raise DataError(f"{place}: label {min(extra)} is not among the training images")
            labels = np.array([known[each] for each in arrays[1].tolist()], dtype=np.int64)
            others[split] = Split(fit_array(arrays[0], whole.images.shape[1:3], decoding), labels)
    if "test" in others:
        test = others["test"]
    else:
        whole, test = split_off(whole, max(1, len(whole) // 5))
    if "validation" in others:
        return ImageData(name, whole, others["validation"], test, classes)
    rest, validation = split_validation(whole)
    return ImageData(name, rest, validation, test, classes)
