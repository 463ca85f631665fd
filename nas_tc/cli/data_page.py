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
    totals = (f"{sum(counts.values()):,}" for counts in page.counts.values())
    table.add_row(f"all {len(classes):,}", *totals)
    screen.print(page.name, markup=False)
    screen.print(table)
    line("images", f"{shape_text(page.shape)} once decoded")
    if page.modes:
        line("files", f"{_most(page.modes)}; {_most(page.sizes)}")
    line("mean", f"{_numbers(page.mean)} of 0 to 1, by channel")
    line("spread", _numbers(page.std))
    errors = ", ".join(f"{percent(error)} {split}" for split, error in page.majority_error.items())
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


def _most(counts: dict[str, int]) -> str:
    """The commonest few, each with its number, and how many others there are."""
    some = [f"{what} ({count:,})" for what, count in list(counts.items())[:_MOST_KINDS]]
    others = len(counts) - len(some)
    return ", ".join([*some, *([f"{others:,} more"] if others else [])])


def _duplicates(page: "Survey") -> str:
    """How many images are there twice."""
    across = [
        f"{count:,} {split} images are training images as well"
        for split, count in page.duplicates_across.items()
        if count
    ]
    within = [f"{page.duplicates_within:,} training images are there already"]
    classes = [f"{page.two_classes:,} images are in two classes or more"]
    found = [
        *across,
        *(within if page.duplicates_within else []),
        *(classes if page.two_classes else []),
    ]
    return "; ".join(found) or "none"


def _numbers(values: tuple[float, ...]) -> str:
    return " ".join(f"{value:.4f}" for value in values)
