"""What `nas-tc data` prints of a data set."""

from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from nas_tc.cli.console import new_table, percent, shape_text

if TYPE_CHECKING:
    from nas_tc.data import Survey

_INDENT = 14  # characters
_MOST_CLASSES = 100  # that are listed
_MOST_KINDS = 4  # of modes and sizes
_MOST_NAMED = 20  # broken images


def print_survey(screen: Console, page: "Survey") -> None:
    """Prints a data set: classes by split, then one line for each thing to know.

    Args:
        screen: to print to.
        page: what there is.
    """

    def line(what: str, text: str) -> None:
        screen.print(f"{what:{_INDENT}}{text}", markup=False, soft_wrap=True)

    table = new_table(("class", False), *((split, True) for split in page.counts))
    classes = list(page.counts["training"])
    for name in classes[:_MOST_CLASSES]:
        table.add_row(Text(name), *(f"{counts[name]:,}" for counts in page.counts.values()))
    if len(classes) > _MOST_CLASSES:
        table.add_row(f"{len(classes) - _MOST_CLASSES:,} more", "", "", "")
    table.add_row(f"all {len(classes):,}", *(f"{count:,}" for count in page.images.values()))
    screen.print(page.name, markup=False)
    screen.print(table)
    line("images", f"{shape_text(page.shape)} once decoded")
    if page.modes:
        line("files", f"{_most(page.modes)}; {_most(page.sizes)}")
    line("mean", f"{_numbers(page.mean)} of 0 to 1, by channel")
    line("spread", _numbers(page.std))
    errors = ", ".join(f"{percent(error)} {split}" for split, error in page.majority_error.items())
    if page.labels_an_image:
        line("labels", _labels(page.labels_an_image))
        line("constant", f"{errors} mAP error of who gives all images the same scores")
    else:
        line("majority", f"{errors} error of who always says the commonest class")
    line("duplicates", _duplicates(page))
    for remark in page.remarks:
        what, colon, text = remark.partition(": ")
        if colon and len(what) < _INDENT:
            line(what, text)
        else:
            line("note", remark)
    for message in page.broken[:_MOST_NAMED]:
        line("broken", message)
    if (more := len(page.broken) - _MOST_NAMED) > 0:
        line("broken", f"{more:,} more, which --json lists")


def _labels(counts: dict[int, int]) -> str:
    """How many labels images have."""
    mean = sum(labels * images for labels, images in counts.items()) / sum(counts.values())
    none = f"; {counts[0]:,} images have none" if 0 in counts else ""
    return f"{min(counts)} to {max(counts)} an image, {mean:.2f} on average{none}"


def _most(counts: dict[str, int]) -> str:
    """The commonest few, each with its number, and how many others there are."""
    some = [f"{what} ({count:,})" for what, count in list(counts.items())[:_MOST_KINDS]]
    others = len(counts) - len(some)
    return ", ".join([*some, *([f"{others:,} more"] if others else [])])


def _duplicates(page: "Survey") -> str:
    """How many images are there twice."""
    from nas_tc.data import Duplicates  # noqa: PLC0415

    across, count = page.duplicates_across, page.duplicates_within
    twice = Duplicates(across["validation"], across["test"], count, page.two_classes)
    verb = "image is" if count == 1 else "images are"
    within = [f"{count:,} training {verb} there already"] if count else []
    return "; ".join([*twice.harmful(multilabel=bool(page.labels_an_image)), *within]) or "none"


def _numbers(values: tuple[float, ...]) -> str:
    return " ".join(f"{value:.4f}" for value in values)
