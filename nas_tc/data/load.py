"""From what a user types after `--data` to images in memory."""

from collections.abc import Callable
from pathlib import Path

from nas_tc.data.arrays import load_idx, load_npz
from nas_tc.data.cache import cached, fingerprint
from nas_tc.data.decode import Decoding
from nas_tc.data.digits import load_digits
from nas_tc.data.hub import load_hub
from nas_tc.data.imagefolder import load_imagefolder
from nas_tc.data.images import ImageData
from nas_tc.data.parquet import load_parquet
from nas_tc.errors import DataError, unknown

Side = tuple[int, int] | None
_LOADERS: dict[str, tuple[Callable[[Path, Side, str, Decoding], ImageData], str, str]] = {
    # how to load, which files it reads, what stands behind the colon
    "parquet": (load_parquet, "*.parquet", "DIR"),
    "imagefolder": (load_imagefolder, "**/*", "DIR"),
    "npz": (load_npz, "", "FILE"),
    "idx": (load_idx, "*idx*", "DIR"),
}
_KNOWN = ("digits", *(f"{kind}:{place}" for kind, (_, _, place) in _LOADERS.items()), "hub:NAME")


def load_data(
    spec: str,
    *,
    side: tuple[int, int] | None = None,
    train_images: int | None = None,
    decoding: Decoding | None = None,
) -> ImageData:
    """The images that `spec` names, decoded and split; from the second time on, from a cache.

    Args:
        spec: "digits", "parquet:DIR", "imagefolder:DIR", "npz:FILE", "idx:DIR" or "hub:NAME".
        side: height and width in pixels to scale to; None keeps the size of the first image.
        train_images: train on this many only, a fixed and stratified choice; None: on all.
        decoding: who watches, which may take long.

    Raises:
        UnknownNameError: no such kind of data.
        DataError: files that are missing or broken, by name.
    """
    decoding = decoding or Decoding()
    kind, colon, place = spec.partition(":")
    if spec == "digits":
        data = load_digits(side)
    elif kind not in (*_LOADERS, "hub"):
        raise unknown("data", kind if colon else spec, _KNOWN, within=spec)
    elif not place:
        what = next(each for each in _KNOWN if each.startswith(f"{kind}:"))
        lacks = {"DIR": "folder", "FILE": "file", "NAME": "name"}[what.partition(":")[2]]
        raise DataError(f"data {spec!r} lacks its {lacks}; write {what}")
    elif kind == "hub":
        data = load_hub(place, side, spec, decoding)
    else:
        data = _load_files(kind, Path(place).expanduser(), side, spec, decoding)
    return data if train_images is None else data.with_fewer(train_images)


def _load_files(kind: str, place: Path, side: Side, spec: str, decoding: Decoding) -> ImageData:
    load, pattern, _ = _LOADERS[kind]
    if not place.exists() or decoding.broken is not None:  # the loader says what is wrong
        return load(place, side, spec, decoding)
    files = [place] if not pattern else sorted(p for p in place.glob(pattern) if p.is_file())
    root = place if pattern else place.parent
    try:
        key = fingerprint(files, root, (kind, side))
    except OSError as error:
        raise DataError(f"{error.filename}: cannot be read: {error.strerror}") from None
    return cached(key, spec, lambda: load(place, side, spec, decoding))
