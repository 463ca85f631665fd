"""Parquet files with image bytes and labels, as on the Hugging Face hub."""

from pathlib import Path

from nas_tc.data.decode import Decoding
from nas_tc.data.images import ImageData
from nas_tc.data.rows import IMAGE_COLUMNS, LABEL_COLUMNS, Rows, column, rows_to_data
from nas_tc.errors import DataError


def load_parquet(
    folder: Path, side: tuple[int, int] | None, name: str, decoding: Decoding | None = None
) -> ImageData:
    """Images from `train*.parquet`, `test*.parquet` and, if there, `validation*.parquet`.

    One column, `image` or `img`, holds the images: bytes, or a struct with a field `bytes`; one,
    `label`, the classes. Without a validation file a tenth of the training images is held out.

    Args:
        folder: where the files are.
        side: height and width in pixels to scale to; None: those of the first image.
        name: of the data, for messages and records.
        decoding: who watches.

    Raises:
        DataError: a file or a column that is missing or broken, or an image, by file and row.
    """
    if not folder.is_dir():
        raise DataError(f"no folder {str(folder)!r}; parquet:DIR needs one with train.parquet")
    train = _read(folder, "train")
    test = _read(folder, "test")
    has_validation = any(folder.glob("validation*.parquet"))
    validation = _read(folder, "validation") if has_validation else None
    return rows_to_data(name, train, validation, test, side, decoding or Decoding())


def _read(folder: Path, split: str) -> Rows:
    import pyarrow  # noqa: PLC0415 - slow to import
    import pyarrow.parquet  # noqa: PLC0415

    rows = Rows()
    for path in sorted(folder.glob(f"{split}*.parquet")):
        try:
            table = pyarrow.parquet.read_table(path)
        except (OSError, pyarrow.ArrowException) as error:
            reason = str(error).splitlines()[0]
            raise DataError(f"{path}: not a parquet file, or a broken one: {reason}") from None
        names = table.column_names
        contents = table.column(column(names, str(path), "image", IMAGE_COLUMNS)).to_pylist()
        labels = table.column(column(names, str(path), "label", LABEL_COLUMNS)).to_pylist()
        rows.add(contents, labels, str(path))
    if not rows.images:
        raise DataError(f"no images: {folder / split}.parquet is missing or empty")
    return rows
