"""`nas-tc budget`: what a budget means, and what it leaves of a space."""

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from nas_tc.budget import parse_budget, resolve_budget
from nas_tc.cli.console import console, new_table, parse_shape, shape_text
from nas_tc.errors import NasTcError
from nas_tc.space import Share, Space, extreme_network, fitting, load_space


def budget(
    expression: Annotated[
        str,
        typer.Argument(help="alexnet*0.6; params<=5M, memory<=64MiB.", show_default=False),
    ],
    space: Annotated[str, typer.Option(help="A shipped space or a TOML file.")] = "plain-32",
    data: Annotated[
        str | None,
        typer.Option(help="digits, parquet:DIR or imagefolder:DIR.", show_default="none"),
    ] = None,
    input: Annotated[
        str | None,
        typer.Option(help="Channels, height and width, as in 3x32x32.", show_default="the space's"),
    ] = None,
) -> None:
    """Explain a budget: its numbers, the space's range, what fits, which limit binds."""
    parsed = parse_budget(expression)
    found = _at(load_space(space), data, input)
    limit = resolve_budget(parsed, found.input, found.classes)
    screen = console()
    for cap in limit.caps:
        screen.print(f"{cap.bound.measure:12}  {cap}", markup=False)
    for bound in limit.times:
        screen.print(f"{bound.measure:12}  {bound.text}: known by the clock alone", markup=False)
    if limit.caps:
        share = fitting(found, limit)
        screen.print(_table(found, share))
        _print_verdict(found, share)


def _at(space: Space, data: str | None, input: str | None) -> Space:
    if data is not None and input is not None:
        raise NasTcError("--data and --input both say how large the images are; give one")
    if input is not None:
        return space.at(parse_shape(input), space.classes)
    if data is None:
        return space
    from nas_tc.data import load_data  # noqa: PLC0415 - reads all the images

    images = load_data(data, side=space.input[1:])
    return space.at(images.shape, len(images.classes))


def _table(space: Space, share: Share) -> Table:
    table = new_table(
        ("limit", False), ("smallest", True), ("median", True), ("largest", True), ("fit", True)
    )
    for row in share.caps:
        smallest, largest = row.smallest, row.largest
        if row.cap.bound.measure == "complexity":  # known without drawing
            smallest, largest = (
                row.cap.of(extreme_network(space, which)) for which in ("cheapest", "dearest")
            )
        table.add_row(
            escape(row.cap.bound.text),
            f"{smallest:,}",
            f"{row.median:,}",
            f"{largest:,}",
            f"{row.fit / share.networks:.2%}",
        )
    if len(share.caps) > 1:
        table.add_row("all limits", "", "", "", f"{share.fit / share.networks:.2%}")
    return table


def _print_verdict(space: Space, share: Share) -> None:
    screen = console()
    source = "all there are" if share.is_all else "drawn evenly from the settings"
    screen.print(
        f"of {share.networks:,} networks of {space.name} at {shape_text(space.input)}, {source}"
    )
    if share.nearest is not None:
        screen.print(share.nearest, markup=False)
    elif share.binding is None:
        screen.print("the budget does not bind: every one fits")
    else:
        screen.print(f"binds: {share.binding.bound.text}", markup=False)
