"""`nas-tc cost`: what a network costs by formula."""

import json
from typing import Annotated, Any

import typer

from nas_tc.architecture import Architecture, format_notation
from nas_tc.cli import options
from nas_tc.cli.console import console, images_text, new_table, parse_shape, shape_text
from nas_tc.cli.network import described, network_of, surroundings
from nas_tc.cost import (
    Cost,
    backward_macs,
    complexity,
    inference_bytes,
    network_cost,
    receptive_fields,
    training_memory,
)
from nas_tc.cost.intensity import intensity
from nas_tc.cost.memory import im2col_bytes, pool_index_bytes
from nas_tc.errors import NasTcError
from nas_tc.reading.factory import is_factory, load_module
from nas_tc.zoo import find_network


def cost(
    network: options.NetworkOrFactory,
    input: options.Input = None,
    classes: options.Classes = None,
    head: options.Head = None,
    norm: options.Norm = None,
    batch: options.Batch = 1,
    relative_to: Annotated[
        str | None,
        typer.Option(help="A network to measure the complexity by, on the same input."),
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """Cost of a network by formula: complexity (Eqn. 1), MACs, parameters, memory."""
    if is_factory(network):
        if any(each is not None for each in (classes, head, norm)) or batch != 1:
            raise NasTcError(
                f"{network}: a module has a head, a normalisation and classes of its own, and is "
                "counted for one image; leave --head, --norm, --classes and --batch out"
            )
        _count(network, input, relative_to, as_json=as_json)
        return
    architecture = network_of(network, input, head, norm, classes)
    values = _as_dict(network, network_cost(architecture), batch)
    if relative_to is not None:
        values |= _relative(values["complexity"], relative_to, architecture.input)
    if as_json:
        typer.echo(json.dumps(values, indent=2))
    else:
        _print(values, surroundings(network, architecture, head, norm))


def _print(values: dict[str, Any], around: str) -> None:
    unit = values.get("relative_to_complexity")
    columns = [
        ("layer", False),
        ("kind", False),
        ("output", False),
        ("multiply-adds", True),
        ("share", True),
        ("parameters", True),
        ("field, px", True),
        ("FLOPs/byte", True),
    ]
    table = new_table(*columns, *([(f"of {values['relative_to']}", True)] if unit else []))
    for layer in values["layers"]:
        field = layer["receptive_field"]
        relative = [f"{layer['complexity'] / unit:.4f}"] if unit else []
        table.add_row(
            layer["name"],
            layer["kind"],
            shape_text(tuple(layer["output"])),
            f"{layer['macs']:,}",
            f"{layer['share']:.1%}",
            f"{layer['params']:,}",
            "-" if field is None else f"{field:,}",
            f"{layer['intensity']:.1f}",
            *relative,
        )
    screen = console()
    shape = shape_text(tuple(values["input"]))
    screen.print(f"{values['network']} at {shape}: {values['notation']}")
    screen.print(around)
    screen.print(table)
    memory, images = values["memory"], images_text(values["batch"])
    lines: list[tuple[str, int, str]] = [
        ("complexity", values["complexity"], "multiply-adds of the convolutions, Eqn. (1)"),
        ("MACs", values["macs"], "with the fully connected layers"),
        ("backward", values["backward_macs"], "multiply-adds of a backward pass"),
        ("FLOPs", values["flops"], "two for a multiply-add, and all other operations"),
        ("parameters", values["params"], f"{memory['param_bytes']:,} bytes, float32"),
        ("activations", values["activation_bytes"], "bytes of all outputs, float32"),
        ("forward", memory["inference_bytes"], f"bytes at the peak of a forward pass of {images}"),
        (
            "training",
            memory["training_bytes"],
            f"bytes at the peak of a step with {images}, SGD with momentum",
        ),
        ("im2col", memory["im2col_bytes"], "bytes of the largest buffer, where one is used"),
    ]
    for name, number, meaning in lines:
        screen.print(f"{name:11} {number:>17,}  {meaning}")
    if unit:
        screen.print(f"{'relative':11} {values['relative']:>17.4f}  of {values['relative_to']}")


def _relative(own: int, name: str, input: tuple[int, int, int]) -> dict[str, Any]:
    unit = complexity(find_network(name).at(input))
    return {"relative_to": name, "relative_to_complexity": unit, "relative": own / unit}


def _as_dict(network: str, found: Cost, batch: int) -> dict[str, Any]:
    architecture = found.architecture
    fields = {field.name: field for field in receptive_fields(architecture)}
    return {
        "network": network,
        "notation": format_notation(architecture.stages),
        "id": architecture.id,
        **described(architecture),
        "batch": batch,
        "complexity": found.complexity,
        "macs": found.macs,
        "flops": found.flops,
        "backward_macs": backward_macs(architecture),
        "params": found.params,
        "activation_bytes": found.activation_bytes,
        "memory": _memory(architecture, found.param_bytes, batch),
        "layers": [
            {
                "name": layer.name,
                "kind": layer.kind,
                "output": list(layer.output),
                "complexity": layer.complexity,
                "macs": layer.macs,
                "flops": layer.flops,
                "share": layer.macs / found.macs,
                "params": layer.params,
                "activation_bytes": layer.activation_bytes,
                "receptive_field": fields[layer.name].size if layer.name in fields else None,
                "effective_field": fields[layer.name].effective if layer.name in fields else None,
                "jump": fields[layer.name].jump if layer.name in fields else None,
                "intensity": intensity(layer.layer, batch),
            }
            for layer in found.layers
        ],
    }


def _memory(architecture: Architecture, param_bytes: int, batch: int) -> dict[str, int]:
    training = training_memory(architecture, batch, "momentum")
    return {
        "param_bytes": param_bytes,
        "inference_bytes": inference_bytes(architecture, batch),
        "training_bytes": training.peak_bytes,
        "saved_bytes": training.saved_bytes,
        "im2col_bytes": im2col_bytes(architecture, batch),
        "pool_index_bytes": pool_index_bytes(architecture, batch),
    }


def _count(network: str, input: str | None, relative_to: str | None, *, as_json: bool) -> None:
    """Counts a module that is not ours."""
    from nas_tc.module.count import count_module  # noqa: PLC0415

    if input is None:
        raise NasTcError(f"{network}: give the input of the module, as in --input 3x224x224")
    shape = parse_shape(input)
    found = count_module(load_module(network), shape)
    values: dict[str, Any] = {
        "network": network,
        "input": list(shape),
        "complexity": found.complexity,
        "macs": found.macs,
        "params": found.params,
        "by_operator": found.macs_by_operator,
        "by_module": found.macs_by_module,
        "not_counted": found.not_counted,
    }
    if relative_to is not None:
        values |= _relative(found.complexity, relative_to, shape)
    if as_json:
        typer.echo(json.dumps(values, indent=2))
        return
    table = new_table(("module", False), ("multiply-adds", True), ("share", True))
    for path, macs in found.macs_by_module.items():
        if macs:
            table.add_row(path, f"{macs:,}", f"{macs / max(found.macs, 1):.1%}")
    screen = console()
    screen.print(f"{network} at {shape_text(shape)}, counted by fvcore as it runs")
    screen.print(table)
    screen.print(
        f"complexity  {found.complexity:>17,}  multiply-adds of the convolutions, Eqn. (1)"
    )
    screen.print(f"MACs        {found.macs:>17,}  of convolutions and matrix products")
    screen.print(f"parameters  {found.params:>17,}")
    if relative_to is not None:
        screen.print(f"relative    {values['relative']:>17.4f}  of {relative_to}")
    if found.not_counted:
        listed = ", ".join(f"{name} x{times}" for name, times in found.not_counted.items())
        screen.print(f"not counted by fvcore: {listed}")
