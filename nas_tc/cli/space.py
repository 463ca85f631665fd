"""`nas-tc space`: what may be chosen, and how many networks that makes."""

from typing import Annotated

import typer

from nas_tc.architecture import format_notation
from nas_tc.cli.console import console, new_table, shape_text
from nas_tc.cost import complexity
from nas_tc.space import count_networks, extreme_network, load_space, shipped_spaces


def space(
    name: Annotated[
        str | None,
        typer.Argument(help="A shipped space or a TOML file; without it, all are listed."),
    ] = None,
) -> None:
    """Genes of a search space, and how many networks there are."""
    screen = console()
    if name is None:
        table = new_table(("space", False), ("networks", True), ("description", False))
        for each in shipped_spaces():
            shipped = load_space(each)
            table.add_row(each, f"{count_networks(shipped):,}", shipped.description)
        screen.print(table)
        return

    found = load_space(name)
    table = new_table(("gene", False), ("choices", False))
    for gene in found.genes:
        table.add_row(gene.name, " ".join(map(str, gene.choices)))
    screen.print(f"{found.name}: {found.description}" if found.description else found.name)
    screen.print(table)
    networks, settings = count_networks(found), found.settings
    screen.print(
        f"networks  {networks:,} at {shape_text(found.input)}, "
        f"from {settings:,} settings of the genes"
    )
    for which in ("cheapest", "costliest"):
        extreme = extreme_network(found, which)
        screen.print(
            f"{which:9} {complexity(extreme):,} multiply-adds: {format_notation(extreme.stages)}"
        )
