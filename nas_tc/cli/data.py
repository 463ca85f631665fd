"""`nas-tc data`: what is in a data set, and whether all of it can be read."""

from json import dumps
from pathlib import Path
from typing import Annotated

import typer

from nas_tc.cli import options
from nas_tc.cli.console import console, images_text, tell
from nas_tc.cli.data_page import print_survey
from nas_tc.errors import DataError


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
    json: options.AsJson = False,
) -> None:
    """What a data set holds: classes, duplicates, what is broken or left out; a contact sheet."""
    from nas_tc.data import (  # noqa: PLC0415
        Decoding,
        contact_sheet,
        decoded_notes,
        load_data,
        parse_limit,
        survey,
    )

    side = None if size is None else (size, size)
    broken: list[str] = []
    kinds: list[tuple[str, str]] = []
    limit = None if memory_limit is None else parse_limit(memory_limit)
    found = load_data(spec, side=side, decoding=Decoding(decoded_notes(tell), broken, limit, kinds))
    page = survey(found, broken, kinds)
    if json:
        typer.echo(dumps(page.to_dict(), indent=2))
    else:
        print_survey(console(), page)
    if sheet is not None:
        rows = contact_sheet(found.train, sheet)
        if not json:
            console().print(f"{'sheet':14}{sheet}, {rows} of {len(found.classes)} classes")
    if broken:
        verb, them = ("is", "it") if len(broken) == 1 else ("are", "them")
        raise DataError(
            f"{spec}: {images_text(len(broken))} {verb} broken; repair or remove {them}"
        )
