"""`nas-tc search`: the whole line, from a budget to a front."""

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from nas_tc.cli.console import MEMORY_LIMIT_DEFAULT, MEMORY_LIMIT_HELP
from nas_tc.cli.progress import listening
from nas_tc.cli.report import show_and_write

_DEFAULT_TRIALS = 40


def search(
    budget: Annotated[
        str,
        typer.Option(
            help="alexnet*0.6, alexnet@224*0.6, 120M (multiply-adds), or several limits: "
            '"complexity in 100M..120M, params<=5M", "latency<=alexnet*0.6".',
            show_default=False,
        ),
    ],
    space: Annotated[str, typer.Option(help="A shipped space or a TOML file.")] = "plain-32",
    data: Annotated[
        str, typer.Option(help="digits, parquet:DIR, imagefolder:DIR, npz:FILE, idx:DIR, hub:NAME.")
    ] = "digits",
    train_images: Annotated[
        int | None, typer.Option(help="Train on so many images only.", show_default="all")
    ] = None,
    trials: Annotated[
        int, typer.Option(help="Networks to train in all, earlier runs of the study included.")
    ] = _DEFAULT_TRIALS,
    workers: Annotated[
        int | None, typer.Option(help="Training processes.", show_default="one a core or GPU")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    study: Annotated[
        Path | None,
        typer.Option(help="SQLite file of the study.", show_default="in results/local/"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the report.", show_default="beside the study")
    ] = None,
    recipe: Annotated[str, typer.Option(help="quick, full, he-sun-2015 or a TOML file.")] = "quick",
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="A field of the recipe: momentum=0.95.", show_default=False),
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(help="Epochs a network.", show_default="the recipe's")
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(help="Images a step.", show_default="the recipe's")
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="At its peak.", show_default="the recipe's")
    ] = None,
    augment: Annotated[
        str, typer.Option(help="auto, none, crop, flip, colour or several: crop+flip.")
    ] = "auto",
    start: Annotated[
        list[str] | None,
        typer.Option(
            help="Train this first: J, a notation, a JSON file; or the results of a study file.",
            show_default=False,
        ),
    ] = None,
    reruns: Annotated[
        int, typer.Option(help="Train the front again in the end, with so many other seeds.")
    ] = 0,
    seed: Annotated[int, typer.Option(help="Of proposals and training.")] = 0,
    time_table: Annotated[
        Path | None,
        typer.Option(
            help="Keep limits on time for the device of this table, by foretelling.",
            show_default="times are measured here",
        ),
    ] = None,
    ray_address: Annotated[
        str | None, typer.Option(help="A running Ray cluster to join.", show_default="none")
    ] = None,
    per_gpu: Annotated[int, typer.Option(help="Networks that share one GPU.")] = 1,
    memory_limit: Annotated[
        str | None,
        typer.Option(help=MEMORY_LIMIT_HELP, show_default=MEMORY_LIMIT_DEFAULT),
    ] = None,
) -> None:
    """Find the most accurate networks within a budget. Run it again to resume."""
    from nas_tc.recipe import parse_fields  # noqa: PLC0415
    from nas_tc.search.api import search as run  # noqa: PLC0415

    fields = parse_fields(set_ or [])
    if "augment" in fields:
        augment = "+".join(map(str, fields.pop("augment"))) or "none"
    own = {"epochs": epochs, "batch_size": batch_size, "learning_rate": learning_rate}
    fields |= {name: value for name, value in own.items() if value is not None}

    with listening() as listener:
        record = run(
            budget,
            space=space,
            data=data,
            train_images=train_images,
            trials=trials,
            workers=workers,
            device=device,
            study=study,
            seed=seed,
            augment=augment,
            start=start or (),
            reruns=reruns,
            time_table=time_table,
            ray_address=ray_address,
            per_gpu=per_gpu,
            memory_limit=memory_limit,
            listener=listener,
            command=shlex.join(["nas-tc", *sys.argv[1:]]),
            recipe=recipe,
            **fields,
        )
    show_and_write(record, out)
    if record.interrupted:
        typer.echo("stopped; run the same command again to go on", err=True)
        raise typer.Exit(130)
