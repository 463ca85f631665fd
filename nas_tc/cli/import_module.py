"""`nas-tc import`: reads a torch module from a user's file into a network."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from nas_tc.architecture import format_notation
from nas_tc.cli import options
from nas_tc.cli.console import console, parse_shape, shape_text
from nas_tc.cli.network import described, head_text, write_network
from nas_tc.cost import network_cost
from nas_tc.reading import check_factory, load_module


def import_module(
    factory: Annotated[
        str,
        typer.Argument(
            help="Your file and a factory in it that makes a torch module: path/to/file.py:name.",
            show_default=False,
        ),
    ],
    input: options.ModuleInput = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Write the network as JSON, for the other commands.", show_default="nowhere"
        ),
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """Read your torch module into a network, and prove that both compute the same."""
    check_factory(factory)
    shape = None if input is None else parse_shape(input)
    from nas_tc.reading import read_module  # noqa: PLC0415

    reading = read_module(load_module(factory), shape)
    network, proof = reading.architecture, reading.proof
    cost = network_cost(network)
    if out is not None:
        write_network(out, network)
    if as_json:
        values: dict[str, Any] = {
            "module": factory,
            "notation": format_notation(network.stages),
            "id": network.id,
            **described(network),
            "activation": network.activation,
            "complexity": cost.complexity,
            "macs": cost.macs,
            "params": cost.params,
            "notes": list(reading.notes),
            "proof": {
                "counted_by": proof.counter,
                "as_convolutions": proof.as_convolutions,
                "as_linear": proof.as_linear,
                "module_params": proof.module_params,
                "difference": proof.difference,
            },
            "architecture": network.to_dict(),
        }
        typer.echo(json.dumps(values, indent=2))
        return
    screen = console()
    screen.print(f"{factory} at {shape_text(network.input)}:", soft_wrap=True)
    screen.print(format_notation(network.stages), soft_wrap=True)
    dropout = f" with drop-out {network.head.dropout:g}" if network.head.dropout else ""
    screen.print(
        f"head {head_text(network.head)}{dropout}, norm {network.norm}, "
        f"activation {network.activation}, {network.classes:,} classes"
    )
    screen.print(
        f"{'complexity':11} {cost.complexity:>15,}  multiply-adds of the convolutions, Eqn. (1)"
    )
    screen.print(f"{'MACs':11} {cost.macs:>15,}  with the fully connected layers")
    screen.print(f"{'parameters':11} {cost.params:>15,}  the module has {proof.module_params:,}")
    extra = ""
    if proof.as_convolutions:
        extra = f" ({proof.as_convolutions:,} of them in linear layers, here 1x1 convolutions)"
    if proof.as_linear:
        extra += f" (without {proof.as_linear:,} in 1x1 convolutions, here linear layers)"
    screen.print(
        f"proved: the same shapes, the same complexity by {proof.counter}{extra}, and with the "
        f"same weights the same outputs, to {proof.difference:.0e}",
        soft_wrap=True,
    )
    for note in reading.notes:
        screen.print(f"note: {note}", soft_wrap=True)
    if out is not None:
        screen.print(f"network: {out}", soft_wrap=True)
    else:
        screen.print(network.to_json(), soft_wrap=True)
