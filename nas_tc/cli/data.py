"""`nas-tc data`: what is in a data set, and whether all of it can be read."""

from pathlib import Path
from typing import Annotated

import typer

from nas_tc.cli import options
from nas_tc.cli.console import console, new_table, shape_text, tell_decoded
from nas_tc.errors import DataError

_MOST_NAMED = 20  # broken images


def data(
    spec: options.DataSpec,
    size: Annotated[
        int | None,
        typer.Option(
            help="Side to scale to, pixels.",
            callback=options.at_least(1),
            show_default="that of the first image",
        ),
    ] = None,
    sheet: Annotated[
        Path | None,
        typer.Option(help="PNG with some images of each class.", show_default="none"),
    ] = None,
    memory_limit: options.MemoryLimit = None,
) -> None:
    """Counts, classes, mean and spread of a data set; a contact sheet; its broken images."""
    import numpy as np  # noqa: PLC0415

    from nas_tc.data import Decoding, contact_sheet, load_data, parse_limit  # noqa: PLC0415

    side = None if size is None else (size, size)
    broken: list[str] = []
    limit = None if memory_limit is None else parse_limit(memory_limit)
    found = load_data(spec, side=side, decoding=Decoding(tell_decoded, broken, limit))
    table = new_table(("class", False), ("training", True), ("validation", True), ("test", True))
    counts = [
        np.bincount(split.labels, minlength=len(found.classes))
        for split in (found.train, found.validation, found.test)
    ]
    for number, name in enumerate(found.classes):
        table.add_row(name, *(f"{each[number]:,}" for each in counts))
    mean, std = found.moments
    screen = console()
    screen.print(found.summary())
    screen.print(table)
    mebibytes = found.train.images.nbytes / 2**20
    screen.print(f"images  {shape_text(found.shape)}, {mebibytes:,.1f} MiB for training")
    screen.print(f"mean    {_numbers(mean)} of 0 to 1, by channel")
    screen.print(f"spread  {_numbers(std)}")
    if sheet is not None:
        rows = contact_sheet(found.train, sheet)
        screen.print(f"sheet   {sheet}, {rows} of {len(found.classes)} classes")
    for message in broken[:_MOST_NAMED]:
        screen.print(message)
    if broken:
        raise DataError(f"{spec}: {len(broken):,} images are broken; repair or remove them")


def _numbers(values: tuple[float, ...]) -> str:
    return " ".join(f"{value:.4f}" for value in values)
