"""How tables look on the screen."""

import re

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from nas_tc.architecture import Norm, Shape
from nas_tc.errors import NasTcError, unknown

MEMORY_LIMIT_HELP = "Memory for the images, as in 4GiB; a larger set is read from disk."
MEMORY_LIMIT_DEFAULT = "30 % of what is free"
_WIDTH_OF_FILES = 200  # characters; a pipe or a file has no width of its own


def console() -> Console:
    """The screen; lines are never broken when the output is not a terminal."""
    found = Console(highlight=False)
    return found if found.is_terminal else Console(highlight=False, width=_WIDTH_OF_FILES)


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


def parse_shape(text: str) -> Shape:
    """Channels, height and width from text: "3x32x32" is (3, 32, 32).

    Raises:
        NasTcError: anything else.
    """
    match = re.fullmatch(r"(\d{1,6})[x×](\d{1,6})[x×](\d{1,6})", text.strip())
    if match is None:
        raise NasTcError(f"--input {text!r}: write channels, height and width, as in 3x32x32")
    channels, height, width = (int(side) for side in match.groups())
    return (channels, height, width)


def parse_norm(text: str) -> Norm:
    """What follows each convolution, by name: "batch" or "none".

    Raises:
        UnknownNameError: anything else.
    """
    if text == "batch":
        return "batch"
    if text == "none":
        return "none"
    raise unknown("norm", text, ("batch", "none"))


def percent(share: float | None) -> str:
    """0.0139 as "1.39 %"; nothing as a dash."""
    return "-" if share is None else f"{share:.2%}".replace("%", " %")


def tell_decoded(done: int, total: int) -> None:
    """Says every ten thousand images how far the decoding is."""
    if done % 10_000 == 0 and done < total:
        typer.echo(f"decoded {done:,} of {total:,} images", err=True)
