"""`nas-tc zoo`: lists the named networks, or a table of He & Sun (2015) beside our figures."""

import json
from typing import Annotated, Any

import typer

from nas_tc.cli import options
from nas_tc.cli.console import console, new_table, percent, shape_text
from nas_tc.cost import complexity, inference_bytes, network_cost
from nas_tc.errors import unknown
from nas_tc.zoo import TABLES, ZOO, Entry, Row


def zoo(
    table: Annotated[
        int | None,
        typer.Option(help="A table of He & Sun (2015), 1 to 6, with our figures beside it."),
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """Networks with a name: costs, published errors, sources."""
    if table is None:
        _print_zoo(as_json=as_json)
    elif table in TABLES:
        _print_table(table, as_json=as_json)
    else:
        raise unknown("table", str(table), map(str, TABLES))


def _print_zoo(*, as_json: bool) -> None:
    found = [_as_dict(entry) for entry in ZOO.values()]
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    table = new_table(
        ("network", False),
        ("input", False),
        ("complexity", True),
        ("MACs", True),
        ("parameters", True),
        ("memory, MB", True),
        ("top-1", True),
        ("top-5", True),
        ("source", False),
    )
    for each in found:
        table.add_row(
            each["name"],
            shape_text(tuple(each["input"])),
            f"{each['complexity']:,}",
            f"{each['macs']:,}",
            f"{each['params']:,}",
            f"{each['inference_bytes'] / 1e6:,.1f}",
            percent(each["top1_error"]),
            percent(each["top5_error"]),
            each["source"],
        )
    screen = console()
    screen.print(table)
    screen.print(
        "complexity: multiply-adds of the convolutions, Eqn. (1); MACs: with the fully connected "
        "layers; memory: peak of a forward pass of one image; errors as published"
    )


def _as_dict(entry: Entry) -> dict[str, Any]:
    found = network_cost(entry.architecture)
    return {
        "name": entry.name,
        "input": list(entry.architecture.input),
        "complexity": found.complexity,
        "macs": found.macs,
        "params": found.params,
        "inference_bytes": inference_bytes(entry.architecture),
        "top1_error": entry.top1_error,
        "top5_error": entry.top5_error,
        "source": entry.source,
        "id": entry.architecture.id,
    }


def _print_table(number: int, *, as_json: bool) -> None:
    printed = TABLES[number]
    unit = complexity(ZOO[printed.reference].architecture)
    rows = [_compared(row, unit) for row in printed.rows]
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    table = new_table(
        ("network", False),
        ("top-1", True),
        ("top-5", True),
        ("multiply-adds", True),
        ("printed", True),
        ("ours", True),
        ("difference", True),
    )
    for row in rows:
        has_figure = row["printed_complexity"] is not None
        table.add_row(
            row["name"],
            percent(row["top1_error"]),
            percent(row["top5_error"]),
            f"{row['complexity']:,}",
            f"{row['printed_complexity']:g}" if has_figure else "-",
            f"{row['relative']:.4f}",
            f"{row['relative'] / row['printed_complexity'] - 1:+.1%}" if has_figure else "-",
        )
    screen = console()
    screen.print(f"He & Sun 2015, {printed.title}")
    screen.print(table)
    screen.print(
        f"complexity relative to {printed.reference}, as printed and by Eqn. (1); "
        "docs/cost-model.md explains the differences"
    )


def _compared(row: Row, unit: int) -> dict[str, Any]:
    """A row of the paper with our figures; `unit` is the complexity of the table's reference."""
    ours = complexity(ZOO[row.name].architecture)
    return {
        "name": row.name,
        "top1_error": row.top1_error,
        "top5_error": row.top5_error,
        "complexity": ours,
        "relative": ours / unit,
        "printed_complexity": row.complexity,
        "printed_batch_s": row.batch_s,
    }
