"""The images that a study was made with, read again."""

from nas_tc.data import ImageData, load_data
from nas_tc.errors import DataError
from nas_tc.study.record import StudyRecord


def images_of(record: StudyRecord, data: str | None = None) -> ImageData:
    """The study's images.

    Args:
        record: Record of the study.
        data: Place of the images now; None: where they were.

    Raises:
        DataError: The images differ from the study's.
    """
    kept = record.settings["data"]
    images = load_data(data or kept["name"], side=tuple(kept["shape"][1:]))
    if len(images.train) > kept["train_images"]:
        images = images.with_fewer(kept["train_images"])
    if images.checksum != kept["checksum"]:
        raise DataError(
            f"{images.name} has other images than the study {record.path} "
            f"({images.checksum} against {kept['checksum']}); name their place with --data"
        )
    return images
