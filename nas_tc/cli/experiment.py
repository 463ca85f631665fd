"""`nas-tc experiment`: trains networks of equal cost with several seeds, and judges claims."""

import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nas_tc._words import counted
from nas_tc.architecture import format_notation
from nas_tc.cli import completion, options
from nas_tc.cli.console import console, new_table, percent
from nas_tc.cli.json_output import print_json
from nas_tc.cli.signals import interrupt_on_signals
from nas_tc.experiment import (
    Entrant,
    Experiment,
    entrants,
    load_experiment,
    recipe_of,
    relations,
    shipped_experiments,
)
from nas_tc.recipe import parse_fields

if TYPE_CHECKING:
    from nas_tc.experiment.outcome import Outcome

_LOCAL = Path("results") / "local"
_CLASSES = 10  # where no images say how many there are


def experiment(
    file: Annotated[
        str | None,
        typer.Argument(
            help="A shipped experiment or a TOML file; without it, all are listed.",
            show_default=False,
            autocompletion=completion.experiments,
        ),
    ] = None,
    out: options.AllFiles = None,
    data: Annotated[
        str | None,
        typer.Option(help="Images: digits, parquet:DIR, ...", show_default="the experiment's"),
    ] = None,
    train_images: Annotated[
        int | None,
        typer.Option(help="Number of training images.", show_default="the experiment's"),
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option(
            help="Trainings of each network.",
            show_default="the experiment's",
            callback=options.at_least(1),
        ),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(help="Epochs of each training.", show_default="the experiment's"),
    ] = None,
    set_: options.SetFields = None,
    workers: options.Workers = None,
    device: options.Device = "auto",
    per_gpu: options.PerGpu = 1,
    ray_address: options.RayAddress = None,
    trainings: Annotated[
        Path | None,
        typer.Option(
            help="File of the trainings; experiments with the same images and recipe can share it.",
            show_default="trainings.db in --out",
        ),
    ] = None,
    time: Annotated[
        bool, typer.Option("--time", help="Measure the networks' times in the end.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Print the networks and train nothing.")
    ] = False,
    memory_limit: options.MemoryLimit = None,
    as_json: options.JsonAtEnd = False,
    quiet: options.Quiet = False,
) -> None:
    """Train networks of equal cost with several seeds, and judge the paper's claims."""
    if file is None:
        _list(as_json=as_json)
        return
    asked = _changed(load_experiment(file), data, train_images, seeds)
    fields = parse_fields(set_ or []) | ({} if epochs is None else {"epochs": epochs})
    if check:
        _print_plan(asked, fields, as_json=as_json)
        return
    from nas_tc.cli.experiment_progress import listening  # noqa: PLC0415
    from nas_tc.experiment.run import Where, run_experiment  # noqa: PLC0415
    from nas_tc.experiment.write import (  # noqa: PLC0415
        check_outcome_folder,
        manifest,
        write_outcome,
    )

    interrupt_on_signals()

    folder = out or _LOCAL / f"experiment-{asked.name}"
    check_outcome_folder(folder)
    with listening(as_json=as_json, is_silent=quiet) as listener:
        outcome = run_experiment(
            asked,
            folder,
            listener,
            where=Where(workers, device, ray_address, per_gpu),
            fields=fields,
            trainings=trainings,
            memory_limit=memory_limit,
            timed=time,
            command=shlex.join(["nas-tc", *sys.argv[1:]]),
        )
    names = write_outcome(outcome, folder)
    if as_json:
        files = [str(folder / name) for name in names]
        print_json({**manifest(outcome), "interrupted": outcome.interrupted, "files": files})
    elif not quiet:
        _print(outcome)
        console().print(f"experiment: {folder}/ ({', '.join(names)})")
    if outcome.interrupted:
        typer.echo(
            f"stopped after {outcome.done} of {outcome.goal} trainings; run the same command again "
            "to go on",
            err=True,
        )
        raise typer.Exit(130)
    if outcome.done < outcome.goal:
        typer.echo(
            f"{outcome.goal - outcome.done} of {outcome.goal} trainings lost their workers twice; "
            "run the same command again to train them",
            err=True,
        )
        raise typer.Exit(1)


def _changed(
    experiment: Experiment, data: str | None, train_images: int | None, seeds: int | None
) -> Experiment:
    """The experiment with what the options say otherwise."""
    return replace(
        experiment,
        data=experiment.data if data is None else data,
        train_images=experiment.train_images if train_images is None else train_images,
        seeds=experiment.seeds if seeds is None else seeds,
    )


def _list(*, as_json: bool) -> None:
    """Prints all shipped experiments."""
    found = {name: load_experiment(name) for name in shipped_experiments()}
    if as_json:
        print_json(
            [
                {
                    "experiment": name,
                    "networks": len(each.networks),
                    "claims": len(each.claims),
                    "title": each.title,
                }
                for name, each in found.items()
            ]
        )
        return
    table = new_table(
        ("experiment", False), ("networks", True), ("claims", True), ("what is compared", False)
    )
    for name, each in found.items():
        table.add_row(name, str(len(each.networks)), str(len(each.claims)), each.title)
    console().print(table)


def _print_plan(experiment: Experiment, fields: Mapping[str, Any], *, as_json: bool) -> None:
    """Prints the networks, the relations and the claims of an experiment."""
    recipe = recipe_of(experiment, fields)
    networks = entrants(experiment, experiment.input[0], _CLASSES)
    cost = experiment.equal_cost
    name = networks[0].name if cost is None else cost.reference
    reference = next(each.complexity for each in networks if each.name == name)
    if as_json:
        print_json(_plan(experiment, networks, recipe.epochs, reference))
        return
    table = new_table(
        ("network", False), ("multiply-adds", True), (f"of {name}", True), ("d", True), ("", False)
    )
    sizes = len({each.architecture.resolution for each in networks}) > 1
    for each in networks:
        at = f" at {each.architecture.resolution}" if sizes else ""
        table.add_row(
            each.name,
            f"{each.complexity:,}",
            f"x{each.complexity / reference:.4f}",
            str(each.architecture.depth),
            format_notation(each.architecture.stages) + at,
        )
    screen = console()
    screen.print(experiment.title)
    screen.print(table)
    for each in networks:
        if each.unequal_because:
            screen.print(f"{each.name} is outside of the budget: {each.unequal_because}")
    for step in relations(networks):
        screen.print(f"{step.first} -> {step.second}: {step.kind}, {step.change}")
    for claim in experiment.claims:
        screen.print(f"claim: {claim.order}: {claim.says}")
    screen.print(
        f"{counted(len(networks), 'network')} x {counted(experiment.seeds, 'seed')}, "
        f"{counted(recipe.epochs, 'epoch')} of "
        f"{experiment.recipe}"
    )


def _plan(
    experiment: Experiment, networks: Sequence[Entrant], epochs: int, reference: int
) -> dict[str, Any]:
    """What an experiment would train, for other programs; `reference` is a complexity."""
    return {
        "experiment": experiment.name,
        "title": experiment.title,
        "networks": [
            {
                "name": each.name,
                "network": format_notation(each.architecture.stages),
                "complexity": each.complexity,
                "of_reference": each.complexity / reference,
                "unequal_because": each.unequal_because,
                "architecture": each.architecture.to_dict(),
            }
            for each in networks
        ],
        "relations": [asdict(step) for step in relations(networks)],
        "claims": [{"order": each.order, "says": each.says} for each in experiment.claims],
        "seeds": experiment.seeds,
        "epochs": epochs,
    }


def _print(outcome: "Outcome") -> None:
    """Prints the table, and each claim with its verdict."""
    from nas_tc.experiment.tables import short_table  # noqa: PLC0415

    headings, rows = short_table(outcome)
    table = new_table(*((each, each not in ("network", "notation")) for each in headings))
    for row in rows:
        table.add_row(*row)
    screen = console()
    screen.print(table)
    for each in outcome.entrants:
        if each.unequal_because:
            screen.print(f"* {each.name}: {each.unequal_because}")
    data = outcome.settings["data"]
    screen.print(f"majority class: test error {percent(data['majority_error']['test'])}")
    for result in outcome.claims:
        screen.print(f"{result.verdict}: {result.claim.order}: {result.claim.says}")
        for pair in result.pairs:
            ours = "no seed has trained both"
            if pair.difference is not None:
                ours = f"{pair.difference} points of test error"
            paper = "" if pair.paper is None else f", the paper {100 * pair.paper:+.1f}"
            screen.print(f"  {pair.first} {pair.sign} {pair.second}: {ours}{paper}: {pair.verdict}")
