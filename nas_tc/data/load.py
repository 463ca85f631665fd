"""Loads the images that a user names with `--data`, into memory or, if too large, into files."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from nas_tc.data.arrays import plan_idx, plan_npz
from nas_tc.data.cache import decoded_anew, fingerprint, read_cache, write_cache
from nas_tc.data.decode import Decoding, decode_images
from nas_tc.data.digits import load_digits
from nas_tc.data.disk import decode_to_disk
from nas_tc.data.hub import plan_hub
from nas_tc.data.imagefolder import plan_imagefolder
from nas_tc.data.images import ImageData, Split
from nas_tc.data.labelled import image_paths, metadata_files, plan_csv
from nas_tc.data.memory import check_memory, default_limit
from nas_tc.data.parquet import plan_parquet
from nas_tc.data.pixels import Conversion
from nas_tc.data.plan import Plan
from nas_tc.data.preparation import Named, read_options
from nas_tc.data.settle import conversion_remarks, settle_conversion, settle_shape
from nas_tc.data.tree import look_through
from nas_tc.errors import DataError, reason, unknown

Side = tuple[int, int] | None
_PLANS: dict[str, Callable[[Path, str], Plan]] = {
    "parquet": plan_parquet,
    "npz": plan_npz,
    "idx": plan_idx,
}
_TABLES: dict[str, Callable[..., Plan]] = {"imagefolder": plan_imagefolder, "csv": plan_csv}
# Files that the cache key is made of; "" is the file that the user names.
_FILES = {"parquet": "*.parquet", "npz": "", "idx": "*idx*", "csv": ""}
_PLACES = {
    "parquet": "DIR",
    "imagefolder": "DIR",
    "npz": "FILE",
    "idx": "DIR",
    "csv": "FILE",
    "hub": "NAME",
}
_KNOWN = ("digits", *(f"{kind}:{place}" for kind, place in _PLACES.items()))


def load_data(
    spec: str,
    *,
    side: tuple[int, int] | None = None,
    train_images: int | None = None,
    decoding: Decoding | None = None,
) -> ImageData:
    """The images that `spec` names, decoded and split. After the first time they are cached.

    Args:
        spec: Name of the data: "digits", "parquet:DIR", "imagefolder:DIR", "npz:FILE", "idx:DIR",
            "csv:FILE" or "hub:NAME". Transparent images are composed on white, or on another colour
            with ",background=black" at the end. With ",separator=pipe" a field of a table of labels
            has several, separated by "|".
        side: Height and width to scale to, pixels; None: those of the first image.
        train_images: Number of training images, a fixed and stratified choice; None: all.
        decoding: Callbacks during the decoding, which may take long, and the memory limit.

    Raises:
        UnknownNameError: There is no such kind of data.
        DataError: A file is missing or broken. The message names it.
    """
    decoding = decoding or Decoding()
    kind, colon, place = spec.partition(":")
    if spec == "digits":
        data = load_digits(side)
    elif kind not in _PLACES:
        raise unknown("data", kind if colon else spec, _KNOWN, within=spec)
    elif not place:
        lacks = {"DIR": "folder", "FILE": "file", "NAME": "name"}[_PLACES[kind]]
        raise DataError(f"data {spec!r} lacks its {lacks}; write {kind}:{_PLACES[kind]}")
    elif kind == "hub":
        named = read_options(place)
        _check_separator(kind, named)
        plan = plan_hub(named.place, spec)
        shape = settle_shape(plan.train.images, side, decoding)
        conversion = settle_conversion(plan.train.images, decoding, named.background)
        check_memory(len(plan) * int(np.prod(shape)), len(plan), decoding.memory_limit)
        data = _in_memory(plan, shape, decoding, conversion)
    else:
        return _load_files(kind, place, side, spec, train_images, decoding)
    return data if train_images is None else data.with_fewer(train_images)


def _load_files(
    kind: str, where: str, side: Side, spec: str, train_images: int | None, decoding: Decoding
) -> ImageData:
    """Data from files, or from the cache if the same files were decoded before."""
    named = read_options(where)
    _check_separator(kind, named)
    place = Path(named.place).expanduser()
    # If there is nothing of this kind, the plan below raises the error.
    key = _key(kind, place, named, side) if _exists(kind, place) else ""
    limit = default_limit() if decoding.memory_limit is None else decoding.memory_limit
    if decoding.broken is None and (found := read_cache(key, spec, limit)):
        if train_images is None:
            return found
        if found.train.file is None:
            return found.with_fewer(train_images)
    if kind in _TABLES:
        lenient = decoding.broken is not None
        plan = _TABLES[kind](place, spec, separator=named.separator, is_lenient=lenient)
    else:
        plan = _PLANS[kind](place, spec)
    plan = replace(plan, remarks=(*plan.remarks, *decoded_anew(len(plan))))
    shape = settle_shape(plan.train.images, side, decoding)
    if train_images is not None and len(plan) * int(np.prod(shape)) > limit:
        plan = plan.with_fewer(train_images)  # of a large set, only the chosen are decoded
        key, train_images = _key(kind, place, named, side, train_images), None
        if decoding.broken is None and (found := read_cache(key, spec, limit)):
            return found
    conversion = settle_conversion(plan.train.images, decoding, named.background)
    if len(plan) * int(np.prod(shape)) > limit:
        return decode_to_disk(plan, shape, key, decoding, conversion)
    data = _in_memory(plan, shape, decoding, conversion)
    if decoding.broken is None:
        write_cache(key, data)
    return data if train_images is None else data.with_fewer(train_images)


def _check_separator(kind: str, named: Named) -> None:
    """Refuses a separator where no table has the labels."""
    if named.separator is not None and kind not in _TABLES:
        raise DataError(
            f"separator= is for tables of labels, csv:FILE and imagefolder:DIR; {kind}: has lists "
            "of its own"
        )


def _exists(kind: str, place: Path) -> bool:
    """Whether there is something of this kind at `place`.

    Raises:
        DataError: The system refuses the path.
    """
    try:
        return place.is_file() if not _FILES.get(kind, "*") else place.is_dir()
    except OSError as error:
        raise DataError(f"{place}: cannot be read: {reason(error)}") from None


def _key(kind: str, place: Path, named: Named, *settings: object) -> str:
    """Cache key: a hash of the files and of the settings that decide how they are decoded."""
    settings = (*settings, named.background, named.separator)
    try:
        if kind == "imagefolder":
            tree = look_through(place)
            settings = (*settings, sorted(tree.left_out.items()))
            tables = [str(table) for table in metadata_files(place)]
            return fingerprint([*tree.images, *tables], place, (kind, *settings))
        if kind == "csv":
            paths = [str(place), *image_paths(place, named.separator)]
            return fingerprint(paths, place.parent, (kind, *settings))
        if not _FILES[kind]:
            return fingerprint([str(place)], place.parent, (kind, *settings))
        found = (*place.glob(_FILES[kind]), *place.glob(f"data/{_FILES[kind]}"))
        files = sorted(str(path) for path in found if path.is_file())
        return fingerprint(files, place, (kind, *settings))
    except OSError as error:
        raise DataError(f"{error.filename}: cannot be read: {error.strerror}") from None


def _in_memory(
    plan: Plan, shape: tuple[int, int, int], decoding: Decoding, conversion: Conversion
) -> ImageData:
    """Decodes all splits of a plan into arrays of `shape` (height, width, channels)."""
    splits: list[Split] = []
    for part in plan.parts.values():
        before = sum(map(len, splits))
        images = np.empty((len(part), *shape), dtype=np.uint8)
        decode_images(
            part.images, images, decoding, before=before, total=len(plan), conversion=conversion
        )
        splits.append(Split(images, part.labels))
    train, validation, test = splits
    remarks = (*plan.remarks, *conversion_remarks(conversion))
    return ImageData(
        plan.name, train, validation, test, plan.classes,
        remarks=remarks, grey_range=conversion.grey_range, label_values=plan.label_values,
        colour_range=conversion.colour_range,
    )  # fmt: skip
