"""`nas-tc draw`: a picture of a network."""

from pathlib import Path
from typing import Annotated

import typer

from nas_tc.cli.console import parse_shape
from nas_tc.drawing import draw_network
from nas_tc.errors import NasTcError
from nas_tc.zoo import find_network


def draw(
    network: Annotated[
        str,
        typer.Argument(
            help="A network of the zoo (J), the paper's notation, or a JSON file.",
            show_default=False,
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="The SVG file.", show_default=False)],
    input: Annotated[
        str | None,
        typer.Option(help="Channels, height and width, as in 3x32x32.", show_default="its own"),
    ] = None,
) -> None:
    """Draw a network: boxes to scale by map and width, the share of the cost as colour."""
    architecture = find_network(network)
    if input is not None:
        architecture = architecture.at(parse_shape(input))
    picture = draw_network(architecture, network)
    try:
        out.write_text(picture, encoding="utf-8")
    except OSError as error:
        raise NasTcError(
            f"cannot write the picture {str(out)!r}: {error.strerror}; choose another with -o"
        ) from None
    typer.echo(f"picture: {out}")
