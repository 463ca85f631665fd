"""What the screen shows, and how: text as it is, tables, shapes, shares."""

import re
from typing import TYPE_CHECKING, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from nas_tc.errors import NasTcError

if TYPE_CHECKING:
    from nas_tc.architecture import Shape

_WIDTH_OF_FILES = 200  # characters; a pipe or a file has no width of its own


class Screen(Console):
    """The output, which shows text as it is.

    Names of files, classes and networks come from elsewhere. Square brackets in them are no
    markup, ":cat:" is no picture, and numbers have no colours, in tables as well. What is to have
    a style is a `rich.text.Text`.
    """

    def __init__(self, *, stderr: bool = False, quiet: bool = False) -> None:
        super().__init__(markup=False, emoji=False, highlight=False, stderr=stderr, quiet=quiet)
        if not self.is_terminal:
            self.width = _WIDTH_OF_FILES

    def print(self, *objects: Any, **options: Any) -> None:
        """Prints as `rich.console.Console` does; a line of text in a file is never broken."""
        if not self.is_terminal and all(isinstance(each, str) for each in objects):
            options.setdefault("soft_wrap", True)
        super().print(*objects, **options)


def console(*, as_json: bool = False, quiet: bool = False) -> Screen:
    """The screen, as wide as it is at the moment.

    Args:
        as_json: Whether standard output is for JSON alone: text goes to standard error.
        quiet: Whether text is not printed at all.
    """
    return Screen(stderr=as_json, quiet=quiet)


def new_table(*columns: tuple[str, bool], title: str | None = None) -> Table:
    """An empty table; each column is a heading and whether it holds numbers."""
    table = Table(box=SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    for heading, is_number in columns:
        table.add_column(
            heading, justify="right" if is_number else "left", no_wrap=is_number, overflow="fold"
        )
    return table


def shape_text(shape: tuple[int, ...]) -> str:
    """(3, 32, 32) as "3x32x32"."""
    return "x".join(map(str, shape))


def parse_shape(text: str) -> "Shape":
    """Channels, height and width from text: "3x32x32" is (3, 32, 32).

    Args:
        text: Shape such as "3x32x32".

    Raises:
        NasTcError: Anything else.
    """
    match = re.fullmatch(r"(\d{1,6})[x×](\d{1,6})[x×](\d{1,6})", text.strip())
    if match is None:
        raise NasTcError(f"--input {text!r}: write channels, height and width, as in 3x32x32")
    channels, height, width = (int(side) for side in match.groups())
    return (channels, height, width)


def images_text(count: int) -> str:
    """A batch in words: "1 image", "8 images"."""
    return "1 image" if count == 1 else f"{count:,} images"


def percent(share: float | None) -> str:
    """0.0139 as "1.39 %"; nothing as a dash."""
    return "-" if share is None else f"{share:.2%}".replace("%", " %")


def tell(text: str) -> None:
    """Prints a note beside the output, for whoever waits."""
    typer.echo(text, err=True)
