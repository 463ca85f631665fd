"""Data sets of the Hugging Face hub, loaded by the library `datasets`."""

from typing import Any

import numpy as np

from nas_tc.data.labels import check_labels
from nas_tc.data.parquet import IMAGE_COLUMNS, LABEL_COLUMNS, column
from nas_tc.data.plan import Plan, plan_labelled
from nas_tc.data.sources import Contents, content
from nas_tc.errors import DataError

_VALIDATION_NAMES = ("validation", "valid", "val")


def plan_hub(name: str, spec: str) -> Plan:
    """The splits of the hub's data set `name`, still encoded; downloaded on first use.

    The set needs splits `train` and `test`. With `validation` and no `test`, as in ImageNet, the
    validation images are the test set, and a tenth of `train` is for validation.

    Args:
        name: Name on the hub, such as "uoft-cs/cifar10".
        spec: Value of `--data`, for messages and records.

    Raises:
        DataError: The library `datasets` or the data set is missing, or the set has no images.
    """
    try:
        import datasets  # noqa: PLC0415 - an optional dependency
    except ImportError:
        raise DataError(
            f"{spec}: needs the package 'datasets'; install it with pip install 'nas-tc[hub]'"
        ) from None
    try:
        found = datasets.load_dataset(name)
    except Exception as error:  # noqa: BLE001 - many types: network, access, names
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise DataError(f"{spec}: cannot be loaded from the hub: {reason}") from None
    held_out = next((each for each in _VALIDATION_NAMES if each in found), None)
    if "train" not in found or ("test" not in found and held_out is None):
        raise DataError(f"{spec}: needs splits train and test, has {', '.join(found)}")
    train, labels = _rows(found["train"], f"{spec}, train", datasets)
    validation = None
    if held_out is not None:
        validation = _rows(found[held_out], f"{spec}, {held_out}", datasets)
    test = _rows(found["test"], f"{spec}, test", datasets) if "test" in found else validation
    assert test is not None
    if "test" not in found:
        validation = None
    splits = {"train": (train, labels), "validation": validation, "test": test}
    return plan_labelled(spec, splits, f"{spec}, train")


def _rows(split: Any, place: str, datasets: Any) -> tuple[Contents, list[object]]:
    """The encoded images of one split, and its labels: names, where the hub has them."""
    names = list(split.column_names)
    image = column(names, place, "image", IMAGE_COLUMNS)
    label = column(names, place, "label", LABEL_COLUMNS)
    encoded = split.cast_column(image, datasets.Image(decode=False))
    feature = split.features[label]
    labels = list(encoded[label])
    if hasattr(feature, "names"):
        labels = [feature.names[number] for number in labels]
    elif inner := getattr(getattr(feature, "feature", None), "names", None):  # lists of classes
        labels = [row if row is None else [inner[each] for each in row] for row in labels]
    check_labels(labels, place)
    images = [content(value) for value in encoded[image]]
    return Contents(images, place, np.arange(len(images))), labels
