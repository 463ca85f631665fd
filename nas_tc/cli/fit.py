"""`nas-tc fit`: scales a known design, such as ResNet, to a budget."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from nas_tc.architecture import format_notation, head_named
from nas_tc.budget import Limit, parse_budget, resolve_budget
from nas_tc.cli import options
from nas_tc.cli.console import console, parse_shape, shape_text
from nas_tc.cli.network import parse_norm, write_network
from nas_tc.cost import network_cost
from nas_tc.errors import BudgetError
from nas_tc.families import FAMILIES, Fitted, find_family, fit_family


def fit(
    family: Annotated[str, typer.Argument(help=f"{', '.join(FAMILIES)}.", show_default=False)],
    budget: Annotated[str, typer.Option(help="alexnet*0.6; 6M, params<=200k.", show_default=False)],
    input: options.FitInput = "3x32x32",
    classes: options.SpaceClasses = 10,
    norm: options.FitNorm = "batch",
    head: options.FitHead = "gap",
    out: Annotated[
        Path | None,
        typer.Option(help="Write the network as JSON, for nas-tc train.", show_default="nowhere"),
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """Cut a known network to a budget by its own scaling rule: as large as fits."""
    shape = parse_shape(input)
    limit = resolve_budget(parse_budget(budget), shape, classes)
    if limit.times:
        raise BudgetError(
            f"networks are fitted by formula, which cannot keep {limit.times[0].text!r}; limit "
            "complexity, params, memory or train_memory, and time the network with nas-tc time"
        )
    found = fit_family(
        find_family(family),
        limit.caps,
        shape,
        classes,
        norm=parse_norm(norm),
        head=head_named(head),
    )
    if out is not None:
        write_network(out, found.architecture)
    values = _as_dict(found, limit)
    if as_json:
        typer.echo(json.dumps(values, indent=2))
    else:
        _print(values)


def _as_dict(found: Fitted, limit: Limit) -> dict[str, Any]:
    architecture = found.architecture
    cost = network_cost(architecture)
    return {
        "family": found.family.name,
        "source": found.family.source,
        "size": found.described,
        "is_largest": found.is_largest,
        "notation": format_notation(architecture.stages),
        "id": architecture.id,
        "input": list(architecture.input),
        "classes": architecture.classes,
        "complexity": cost.complexity,
        "params": cost.params,
        "budget": str(limit),
        "limits": [
            {
                "text": cap.bound.text,
                "measure": cap.bound.measure,
                "value": cap.of(architecture),
                "most": cap.most,
                "least": cap.least,
                "share": cap.of(architecture) / cap.most,
            }
            for cap in limit.caps
        ],
        "architecture": architecture.to_dict(),
    }


def _print(values: dict[str, Any]) -> None:
    screen = console()
    shape = shape_text(tuple(values["input"]))
    screen.print(f"{values['family']} at {shape}: {values['notation']}", soft_wrap=True)
    largest = ", the largest that there is" if values["is_largest"] else ""
    screen.print(f"{'size':11} {values['size']}{largest} ({values['source']})")
    screen.print(f"{'budget':11} {values['budget']}")
    for limit in values["limits"]:
        screen.print(
            f"{limit['measure']:12} {limit['value']:>15,}  {limit['share']:.1%} of the limit",
        )
    measures = {limit["measure"] for limit in values["limits"]}
    for measure, name in (("complexity", "complexity"), ("params", "parameters")):
        if measure not in measures:
            screen.print(f"{name:12} {values[measure]:>15,}  not limited")
