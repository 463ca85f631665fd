"""`nas-tc draw`: a picture of a network."""

from pathlib import Path
from typing import Annotated

import typer

from nas_tc.cli import options
from nas_tc.cli.network import network_of, surroundings
from nas_tc.drawing import draw_network
from nas_tc.errors import NasTcError


def draw(
    network: options.Network,
    out: Annotated[Path, typer.Option("--out", "-o", help="The SVG file.", show_default=False)],
    input: options.Input = None,
    head: options.Head = None,
    norm: options.Norm = None,
    classes: options.Classes = None,
    quiet: options.Quiet = False,
) -> None:
    """Draw a network: boxes to scale by map and width, the share of the cost as colour."""
    architecture = network_of(network, input, head, norm, classes)
    picture = draw_network(architecture, network)
    try:
        out.write_text(picture, encoding="utf-8")
    except OSError as error:
        raise NasTcError(
            f"cannot write the picture {str(out)!r}: {error.strerror}; choose another with -o"
        ) from None
    if not quiet:
        typer.echo(f"network: {surroundings(network, architecture, head, norm)}")
        typer.echo(f"picture: {out}")
