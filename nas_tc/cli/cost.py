"""`nas-tc cost`: what a network costs by formula."""

import json
from dataclasses import replace
from typing import Annotated, Any

import typer

from nas_tc.architecture import Norm, format_notation, head_named
from nas_tc.cli.console import console, new_table, parse_shape, shape_text
from nas_tc.cost import Cost, network_cost
from nas_tc.errors import unknown
from nas_tc.zoo import find_network


def cost(
    network: Annotated[
        str,
        typer.Argument(
            help="A network of the zoo (J), the paper's notation, or a JSON file.",
            show_default=False,
        ),
    ],
    input: Annotated[
        str | None,
        typer.Option(help="Channels, height and width, as in 3x32x32.", show_default="its own"),
    ] = None,
    classes: Annotated[
        int | None, typer.Option(help="Number of classes.", show_default="its own")
    ] = None,
    head: Annotated[
        str | None, typer.Option(help="gap or spp.", show_default="its own; spp for a notation")
    ] = None,
    norm: Annotated[
        str | None,
        typer.Option(help="batch or none.", show_default="its own; none for a notation"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Cost of a network by formula: complexity (Eqn. 1), MACs, parameters, activations."""
    architecture = find_network(network)
    if input is not None:
        architecture = replace(architecture, input=parse_shape(input))
    if classes is not None:
        architecture = replace(architecture, classes=classes)
    if head is not None:
        architecture = replace(architecture, head=head_named(head))
    if norm is not None:
        architecture = replace(architecture, norm=_norm(norm))
    found = network_cost(architecture)
    values = _as_dict(network, found)
    if as_json:
        typer.echo(json.dumps(values, indent=2))
        return

    table = new_table(
        ("layer", False),
        ("kind", False),
        ("output", False),
        ("multiply-adds", True),
        ("share", True),
        ("parameters", True),
    )
    for layer in values["layers"]:
        table.add_row(
            layer["name"],
            layer["kind"],
            shape_text(tuple(layer["output"])),
            f"{layer['macs']:,}",
            f"{layer['share']:.1%}",
            f"{layer['params']:,}",
        )
    screen = console()
    screen.print(f"{network} at {shape_text(architecture.input)}: {values['notation']}")
    screen.print(table)
    screen.print(
        f"complexity  {found.complexity:>15,}  multiply-adds of the convolutions, Eqn. (1)"
    )
    screen.print(f"MACs        {found.macs:>15,}  with the fully connected layers")
    screen.print(f"parameters  {found.params:>15,}")
    screen.print(f"activations {found.activation_bytes:>15,}  bytes of all outputs, float32")


def _norm(text: str) -> Norm:
    if text == "batch":
        return "batch"
    if text == "none":
        return "none"
    raise unknown("norm", text, ("batch", "none"))


def _as_dict(network: str, found: Cost) -> dict[str, Any]:
    architecture = found.architecture
    return {
        "network": network,
        "notation": format_notation(architecture.stages),
        "id": architecture.id,
        "input": list(architecture.input),
        "classes": architecture.classes,
        "complexity": found.complexity,
        "macs": found.macs,
        "params": found.params,
        "activation_bytes": found.activation_bytes,
        "layers": [
            {
                "name": layer.name,
                "kind": layer.kind,
                "output": list(layer.output),
                "complexity": layer.complexity,
                "macs": layer.macs,
                "share": layer.macs / found.macs,
                "params": layer.params,
                "activation_bytes": layer.activation_bytes,
            }
            for layer in found.layers
        ],
    }
