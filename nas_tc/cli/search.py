"""`nas-tc search`: the whole line, from a budget to a front."""

import shlex
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from nas_tc.cli import options
from nas_tc.cli.console import parse_shape
from nas_tc.cli.signals import interrupt_on_signals
from nas_tc.cli.supervision import started_s
from nas_tc.cli.until import limit_s
from nas_tc.errors import NasTcError


def search(
    budget: Annotated[
        str | None,
        typer.Option(
            help="The budget: alexnet*0.6, alexnet@224*0.6, 120M (multiply-adds), or several "
            'limits: "complexity in 100M..120M, params<=5M", "latency<=alexnet*0.6", '
            '"0.8*it" of the network of --around.',
            show_default="with --around, what that network costs",
        ),
    ] = None,
    space: options.SpaceOfSearch = None,
    around: options.Around = None,
    reach: options.Reach = None,
    input: options.AroundInput = None,
    data: options.Data = "digits",
    train_images: options.TrainImages = None,
    trials: Annotated[
        int | None,
        typer.Option(
            help="Networks to train in all, earlier runs of the study included.",
            show_default="40; with a limit on the search's time as many as fit",
            callback=options.at_least(1),
        ),
    ] = None,
    hours: Annotated[
        float | None, typer.Option(help="Hours after which the search has ended.")
    ] = None,
    minutes: Annotated[float | None, typer.Option(help="Minutes, beside --hours or alone.")] = None,
    until: Annotated[
        str | None, typer.Option(help="Time of day at which the search has ended: 07:30.")
    ] = None,
    workers: options.Workers = None,
    device: options.Device = "auto",
    study: Annotated[
        Path | None,
        typer.Option(
            help="SQLite file of the study; or postgresql://USER@HOST/DATABASE#STUDY, for several "
            "searches at once.",
            show_default="in results/local/",
        ),
    ] = None,
    out: options.ReportFolder = None,
    recipe: options.Recipe = "quick",
    set_: options.SetFields = None,
    epochs: Annotated[
        int | None, typer.Option(help="Epochs for each network.", show_default="the recipe's")
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(help="Images in a training step.", show_default="the recipe's")
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="Peak of the learning rate.", show_default="the recipe's")
    ] = None,
    augment: Annotated[
        str,
        typer.Option(help="Augmentation: auto, none, crop, flip, colour or several: crop+flip."),
    ] = "auto",
    start: Annotated[
        list[str] | None,
        typer.Option(
            help="Network to train first: J, a notation, a JSON file; or a study file, to take its "
            "results. Can be repeated.",
            show_default=False,
        ),
    ] = None,
    baselines: Annotated[
        str,
        typer.Option(
            help="Known networks at the budget to train beside the trials: auto, none, or "
            "families: vgg,resnet."
        ),
    ] = "auto",
    experience: Annotated[
        str,
        typer.Option(
            help="What guides the proposals beside this study: auto (what earlier trainings say of "
            "networks for small images) or none."
        ),
    ] = "auto",
    reruns: options.Reruns = 0,
    metric: options.Metric = None,
    seed: options.Seed = 0,
    time_table: options.TimeTableOfDevice = None,
    ray_address: options.RayAddress = None,
    per_gpu: options.PerGpu = 1,
    trial_timeout: Annotated[
        float | None,
        typer.Option(
            help="Seconds that a worker may take for a rung before it is replaced.",
            show_default="100 times the longest so far, 600 at least",
        ),
    ] = None,
    retries: Annotated[
        int,
        typer.Option(
            help="Times that a network is tried again after its worker died or hung.",
            callback=options.at_least(0),
        ),
    ] = 1,
    memory_limit: options.MemoryLimit = None,
    as_json: options.JsonAtEnd = False,
    weights: Annotated[
        str | None,
        typer.Option(
            help="Folder for the weights of a study on a server, for all machines: a path, or "
            "s3://BUCKET/FOLDER.",
            show_default="the study's, or in results/local/",
        ),
    ] = None,
    quiet: options.Quiet = False,
) -> None:
    """Find the most accurate networks within a budget, or better ones than yours. It resumes."""
    began_s = started_s()
    most_s = limit_s(hours, minutes, until, datetime.now())
    from nas_tc.cli.progress import listening  # noqa: PLC0415
    from nas_tc.cli.report import show_and_write  # noqa: PLC0415
    from nas_tc.reading import own_network  # noqa: PLC0415
    from nas_tc.recipe import parse_fields  # noqa: PLC0415
    from nas_tc.search.api import search as run  # noqa: PLC0415

    interrupt_on_signals()
    fields = parse_fields(set_ or [])
    if "augment" in fields:
        augment = "+".join(map(str, fields.pop("augment"))) or "none"
    own = {"epochs": epochs, "batch_size": batch_size, "learning_rate": learning_rate}
    fields |= {name: value for name, value in own.items() if value is not None}

    if input is not None and around is None:
        raise NasTcError("--input is the shape of your network's images; give it with --around")
    network = None
    if around is not None:
        network = own_network(around, None if input is None else parse_shape(input))
    with listening(as_json=as_json, is_silent=quiet) as listener:
        record = run(
            budget,
            space=space,
            data=data,
            train_images=train_images,
            trials=trials,
            # The imports above take seconds, too.
            time_limit_s=None if most_s is None else most_s - (time.monotonic() - began_s),
            workers=workers,
            device=device,
            study=study,
            seed=seed,
            augment=augment,
            around=network,
            reach=reach or (),
            start=start or (),
            baselines=baselines,
            experience=experience,
            reruns=reruns,
            metric=metric,
            time_table=time_table,
            ray_address=ray_address,
            per_gpu=per_gpu,
            memory_limit=memory_limit,
            trial_timeout_s=trial_timeout,
            retries=retries,
            weights=weights,
            listener=listener,
            command=shlex.join(["nas-tc", *sys.argv[1:]]),
            recipe=recipe,
            **fields,
        )
    show_and_write(record, out, as_json=as_json, quiet=quiet)
