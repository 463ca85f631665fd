"""`nas-tc export`: a network of a study as a torch module of its own."""

from pathlib import Path
from typing import Annotated

import typer

from nas_tc.cli import options
from nas_tc.errors import NasTcError


def export(
    study: options.Study,
    out: Annotated[
        Path,
        typer.Option(
            help="Folder for network.py, weights.safetensors, preprocess.py, preprocess.json and "
            "README.md.",
            show_default=False,
        ),
    ],
    trial: Annotated[
        int | None,
        typer.Option(help="Number of a trial whose weights are kept.", show_default=False),
    ] = None,
    best: Annotated[
        bool, typer.Option("--best", help="The trial with the least validation error.")
    ] = False,
) -> None:
    """Hand a network over: source that imports torch alone, weights, how images are prepared."""
    from nas_tc.export import export_trial  # noqa: PLC0415
    from nas_tc.export.preprocess import UNKNOWN_PREPARATION, is_known  # noqa: PLC0415
    from nas_tc.study import read_study  # noqa: PLC0415

    if best == (trial is not None):
        raise NasTcError("which network? give either --trial N or --best")
    record = read_study(study)
    chosen = record.best if trial is None else record.trial(trial)
    paths = export_trial(record, chosen, out)
    typer.echo(f"trial {chosen.number}: {chosen.network}")
    typer.echo(f"export: {out}/ ({', '.join(path.name for path in paths)})")
    if not is_known(record.settings["data"]):
        typer.echo(f"note: {UNKNOWN_PREPARATION}")
