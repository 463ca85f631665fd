"""`nas-tc train`: one network to the end."""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nas_tc.architecture import Architecture, format_notation, head_named
from nas_tc.cli.console import (
    MEMORY_LIMIT_DEFAULT,
    MEMORY_LIMIT_HELP,
    console,
    parse_norm,
    parse_shape,
    percent,
    tell_decoded,
)
from nas_tc.errors import NasTcError, reason
from nas_tc.zoo import find_network, names_study

if TYPE_CHECKING:
    from nas_tc.recipe import CurvePoint, Recipe
    from nas_tc.training import FullTraining

_LOCAL = Path("results") / "local"


def train(
    network: Annotated[
        str,
        typer.Argument(
            help="A study file, a network of the zoo (J), the paper's notation, or a JSON file.",
            show_default=False,
        ),
    ],
    trial: Annotated[
        int | None, typer.Option(help="Number of a study's trial.", show_default="the best")
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            help="digits, parquet:DIR, imagefolder:DIR, npz:FILE, idx:DIR or hub:NAME.",
            show_default="the study's",
        ),
    ] = None,
    recipe: Annotated[str, typer.Option(help="quick, full, he-sun-2015 or a TOML file.")] = "full",
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="A field of the recipe: epochs=90.", show_default=False),
    ] = None,
    input: Annotated[
        str | None,
        typer.Option(help="Channels, height and width, as in 3x32x32.", show_default="its own"),
    ] = None,
    head: Annotated[
        str | None, typer.Option(help="gap or spp.", show_default="its own; spp for a notation")
    ] = None,
    norm: Annotated[
        str | None, typer.Option(help="batch or none.", show_default="its own; none for a notation")
    ] = None,
    train_images: Annotated[
        int | None, typer.Option(help="Train on so many images only.", show_default="all")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    seed: Annotated[int, typer.Option(help="Of weights, order and augmentation.")] = 0,
    out: Annotated[
        Path | None, typer.Option(help="Folder for all files.", show_default="in results/local/")
    ] = None,
    workers: Annotated[
        int, typer.Option(help="GPUs or cores that train it together, through Ray Train.", min=1)
    ] = 1,
    ray_address: Annotated[
        str | None, typer.Option(help="A running Ray cluster to join.", show_default="none")
    ] = None,
    from_search: Annotated[
        bool,
        typer.Option("--from-search", help="Begin with the weights that the search has kept."),
    ] = False,
    memory_limit: Annotated[
        str | None,
        typer.Option(help=MEMORY_LIMIT_HELP, show_default=MEMORY_LIMIT_DEFAULT),
    ] = None,
) -> None:
    """Train a network by its full schedule and test it. Run it again to go on after a stop."""
    # Threads that wait must not spin: another busy process would make each step ten times as long.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from safetensors import SafetensorError  # noqa: PLC0415

    from nas_tc.data import Decoding, load_data, parse_limit  # noqa: PLC0415
    from nas_tc.recipe import load_recipe, parse_fields  # noqa: PLC0415
    from nas_tc.training import (  # noqa: PLC0415
        DivergedError,
        choose_device,
        settle_on_core,
        take_huge_pages,
        train_fully,
    )

    found, spec, weights = _network(network, trial, data, from_search=from_search)
    if from_search:
        _check_searched(weights, given=input is not None or head is not None or norm is not None)
    found = _changed(found, input, head, norm)
    fields = parse_fields(set_ or [])
    chosen = load_recipe(recipe, **fields)
    height, width = (side + chosen.margin for side in found.input[1:])
    limit = None if memory_limit is None else parse_limit(memory_limit)
    images = load_data(
        spec,
        side=(height, width),
        train_images=train_images,
        decoding=Decoding(tell_decoded, memory_limit=limit),
    )
    if not chosen.augment and "augment" not in fields:
        chosen = replace(chosen, augment=tuple(sorted(images.augment)))
    adapted = found.at((images.shape[0], *found.input[1:]), len(images.classes))
    if from_search and adapted != found:
        raise NasTcError(f"--from-search: {spec} has other channels or classes than the study")
    kind = "train-from-search" if from_search else "train"
    folder = out or _LOCAL / f"{kind}-{adapted.id}-{images.checksum}"
    screen = console()
    screen.print(images.summary())
    screen.print(f"network: {format_notation(adapted.stages)}")
    settle_on_core(threads=None)
    take_huge_pages()

    def tell(curve: tuple["CurvePoint", ...]) -> None:
        last = curve[-1]
        screen.print(
            f"epoch {last.epoch}/{chosen.epochs}: loss {last.train_loss:.4f}, "
            f"error {percent(last.val_error)}, {last.train_s:.0f} s"
        )

    if workers > 1:
        from nas_tc.parallel import train_in_parallel  # noqa: PLC0415

        run: Callable[..., FullTraining] = partial(
            train_in_parallel, workers=workers, device=device, address=ray_address
        )
    else:
        run = partial(train_fully, device=choose_device(device))
    try:
        finished = run(
            adapted,
            images,
            chosen,
            folder,
            seed=seed,
            initial=weights if from_search else None,
            resumed=lambda epochs: screen.print(f"going on after epoch {epochs}"),
            after_epoch=tell,
        )
    except DivergedError as error:
        raise NasTcError(f"{error}; lower the learning rate: --set learning_rate=...") from None
    try:
        names = _write(folder, adapted, chosen, finished, spec)
    except (OSError, SafetensorError) as error:
        raise NasTcError(
            f"cannot write into {folder}: {reason(error)}; make room and run it again: it goes on "
            "from the checkpoint"
        ) from None
    for line in _tests(finished, adapted.classes):
        screen.print(line)
    screen.print(f"train: {folder}/ ({', '.join(names)})")


def _tests(finished: "FullTraining", classes: int) -> Iterator[str]:
    for test in (finished.single_view, finished.ten_view):
        if test is not None:
            top5 = f", top-5 {percent(test.top5)}" if classes > 5 else ""
            views = "1 view" if test.views == 1 else f"{test.views} views"
            yield f"test error, {views}: {percent(test.top1)}{top5}"


def _changed(
    found: Architecture, input: str | None, head: str | None, norm: str | None
) -> Architecture:
    """The network with what the command line says otherwise."""
    if input is not None:
        found = replace(found, input=parse_shape(input))
    if head is not None:
        found = replace(found, head=head_named(head))
    if norm is not None:
        found = replace(found, norm=parse_norm(norm))
    return found


def _check_searched(weights: Path | None, *, given: bool) -> None:
    """Refuses to go on with weights of a search that are of another network."""
    if weights is None or given:
        raise NasTcError(
            "--from-search goes on with the weights of a study's trial, as it was searched: name "
            "a study file, and leave --input, --head and --norm out"
        )


def _network(
    text: str, trial: int | None, data: str | None, *, from_search: bool
) -> tuple[Architecture, str, Path | None]:
    """The network, the data to train it on, and where its weights of the search are."""
    if names_study(text):
        from nas_tc.study import read_study, weights_file, without_weights  # noqa: PLC0415

        record = read_study(Path(text))
        chosen = record.best if trial is None else record.trial(trial)
        spec = data or record.settings["data"]["name"]
        weights = weights_file(record.path, chosen.number)
        if from_search and not weights.exists():
            raise without_weights(record, chosen)
        return chosen.architecture, spec, weights
    if trial is not None:
        raise NasTcError(f"--trial {trial}: {text!r} is no study file")
    found = find_network(text)
    if data is None:
        raise NasTcError("which images? name them with --data")
    return found, data, None


def _write(
    folder: Path, network: Architecture, recipe: "Recipe", finished: "FullTraining", spec: str
) -> tuple[str, ...]:
    """Weights, learning curve and a result that says how all of it came about."""
    from safetensors.torch import save_file  # noqa: PLC0415

    from nas_tc.report import write_curve  # noqa: PLC0415
    from nas_tc.study.environment import environment  # noqa: PLC0415
    from nas_tc.training import gpu_names  # noqa: PLC0415

    state = finished.network.state_dict()
    save_file({k: v.contiguous().cpu() for k, v in state.items()}, folder / "weights.safetensors")
    notation = format_notation(network.stages)
    write_curve(finished.curve, folder, notation)
    tests = [test for test in (finished.single_view, finished.ten_view) if test is not None]
    result: dict[str, Any] = {
        "network": notation,
        "architecture": network.to_dict(),
        "data": spec,
        "recipe": recipe.to_dict(),
        "val_error": finished.curve[-1].val_error,
        "train_s": round(finished.curve[-1].train_s, 3),
        "test": [{"views": t.views, "top1": t.top1, "top5": t.top5} for t in tests],
        "environment": environment(gpu_names()),
    }
    (folder / "result.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return ("weights.safetensors", "curve.csv", "curve.png", "result.json")
