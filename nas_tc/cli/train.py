"""`nas-tc train`: trains one network by its full schedule and tests it."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nas_tc._files import check_folder
from nas_tc.architecture import Architecture, format_notation
from nas_tc.cli import options
from nas_tc.cli.as_searched import train_again
from nas_tc.cli.console import Screen, console, percent, shape_text, tell
from nas_tc.cli.json_output import print_json
from nas_tc.cli.network import changed, surroundings
from nas_tc.errors import NasTcError, reason
from nas_tc.zoo import find_network, names_study

if TYPE_CHECKING:
    from nas_tc.data import ImageData
    from nas_tc.metric import Metric
    from nas_tc.recipe import CurvePoint, Recipe
    from nas_tc.training import FullTraining

_LOCAL = Path("results") / "local"
_BALANCE = ("class_weights", "batches")  # fields of a recipe that make up for rare classes


@dataclass(frozen=True)
class _Subject:
    """The network to train, its images, and its weights from a search.

    Attributes:
        network: Network as named, before the options and the images change it.
        data: Name of the images, as `--data` takes it.
        weights: File of the weights that the search has kept; None if no study was named.
        metric: Metric of the study; None if no study was named.
        balance: Fields of the study's recipe that make up for rare classes, if any do.
        decoded: Height and width at which the study's images are decoded, pixels; None if no study
            was named.
    """

    network: Architecture
    data: str
    weights: Path | None
    metric: str | None = None
    balance: Mapping[str, str] = field(default_factory=dict)
    decoded: tuple[int, int] | None = None


def train(
    network: options.NetworkOrStudy,
    trial: options.Trial = None,
    data: options.DataOfStudy = None,
    recipe: options.Recipe = "full",
    set_: options.SetFields = None,
    input: options.Input = None,
    head: options.Head = None,
    norm: options.Norm = None,
    train_images: options.TrainImages = None,
    device: options.Device = "auto",
    seed: options.Seed = 0,
    metric: options.MetricOfStudy = None,
    out: options.AllFiles = None,
    workers: Annotated[
        int,
        typer.Option(
            help="GPUs or cores that train it together, through Ray Train.",
            callback=options.at_least(1),
        ),
    ] = 1,
    ray_address: options.RayAddress = None,
    from_search: Annotated[
        bool,
        typer.Option("--from-search", help="Begin with the weights that the search has kept."),
    ] = False,
    as_searched: Annotated[
        bool,
        typer.Option(
            "--as-searched",
            help="Repeat the training of a study's trial, and compare it; only --trial, --data and "
            "--device go with it.",
        ),
    ] = False,
    memory_limit: options.MemoryLimit = None,
    as_json: options.JsonAtEnd = False,
    quiet: options.Quiet = False,
) -> None:
    """Train a network by its full schedule and test it. Run it again to go on after a stop."""
    # Threads that wait must not spin: another busy process would make each step ten times as long.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if as_searched:
        others: dict[str, object] = {"--recipe": recipe != "full", "--set": set_, "--input": input}
        others |= {"--head": head, "--norm": norm, "--seed": seed, "--workers": workers > 1}
        others |= {"--out": out, "--from-search": from_search, "--metric": metric}
        others |= {"--train-images": train_images}
        _check_as_searched(network, [name for name, value in others.items() if value])
        train_again(Path(network), trial, data, device, as_json=as_json, quiet=quiet)
        return
    from nas_tc.metric import parse_metric  # noqa: PLC0415
    from nas_tc.recipe import augmented, load_recipe, parse_fields  # noqa: PLC0415
    from nas_tc.training import settle_on_core, take_huge_pages  # noqa: PLC0415

    subject = _subject(network, trial, data, from_search=from_search)
    if from_search:
        changes = (input, head, norm)
        _check_searched(subject, given=any(each is not None for each in changes))
    named_metric = metric or subject.metric
    judge = None if named_metric is None else parse_metric(named_metric)
    asked = changed(subject.network, input, head, norm)
    fields = parse_fields(set_ or [])
    is_settled = recipe.endswith(".toml") or fields.keys() & set(_BALANCE)
    balance = {} if is_settled else subject.balance
    chosen = load_recipe(recipe, **balance, **fields)
    size = asked.input[1:] if input is not None or subject.decoded is None else subject.decoded
    images = _images(subject.data, size, chosen.margin, train_images, memory_limit)
    judge = judge or images.usual_metric
    judge.check(len(images.classes), multilabel=images.multilabel)
    chosen.check_labels(multilabel=images.multilabel)
    chosen = augmented(chosen, images.augment, fields)
    adapted = asked.at((images.shape[0], *asked.input[1:]), len(images.classes))
    if from_search and adapted != subject.network:
        raise NasTcError(
            f"--from-search: {subject.data} has other channels or classes than the study"
        )
    kind = "train-from-search" if from_search else "train"
    folder = out or _LOCAL / f"{kind}-{adapted.id}-{images.checksum}"
    screen = console(as_json=as_json, quiet=quiet)
    screen.print(images.summary())
    screen.print(f"network: {format_notation(adapted.stages)}")
    for line in _as_in_search(adapted, size, balance):
        screen.print(line)
    named = network if subject.weights is None else ""  # a study leaves nothing to assume
    screen.print(surroundings(named, adapted, head, norm))
    settle_on_core(threads=None)
    take_huge_pages()
    run = _trainer(workers, device, ray_address, screen)
    initial = subject.weights if from_search else None
    finished = _trained(run, adapted, images, chosen, folder, seed, initial, judge, screen)
    names = _written(folder, adapted, chosen, finished, images, judge)
    if as_json:
        _print_result(folder, names)
        return
    for line in _tests(finished, images, judge):
        screen.print(line)
    screen.print(f"train: {folder}/ ({', '.join(names)})")


def _check_out(folder: Path) -> None:
    """Refuses an export's folder, whose weights are of a search, and one with files of others."""
    from nas_tc.cli.trained import FILES  # noqa: PLC0415
    from nas_tc.export.place import holds_export  # noqa: PLC0415
    from nas_tc.training.checkpoint import CHECKPOINT  # noqa: PLC0415

    if holds_export(folder):
        raise NasTcError(
            f"{folder} holds an export, whose weights the training would replace; choose another "
            "folder with --out"
        )
    check_folder(folder, FILES, "training", is_own=(folder / CHECKPOINT).exists())


def _subject(text: str, trial: int | None, data: str | None, *, from_search: bool) -> _Subject:
    """The subject of `nas-tc train`, from a study file and a trial or from a network's name."""
    if names_study(text):
        from nas_tc.recipe import Recipe  # noqa: PLC0415
        from nas_tc.study import read_study, weights_file, without_weights  # noqa: PLC0415

        record = read_study(Path(text))
        chosen = record.best if trial is None else record.trial(trial)
        spec = data or record.settings["data"]["name"]
        weights = weights_file(record.path, chosen.number)
        if from_search and not weights.exists():
            raise without_weights(record, chosen)
        kept = Recipe.from_dict(record.settings["recipe"])
        balance = {name: value for name in _BALANCE if (value := getattr(kept, name)) == "balanced"}
        _, height, width = record.settings["data"]["shape"]
        decoded = (height, width)
        return _Subject(chosen.architecture, spec, weights, record.metric.value, balance, decoded)
    if trial is not None:
        raise NasTcError(f"--trial {trial}: {text!r} is no study file")
    found = find_network(text)
    if data is None:
        raise NasTcError("which images? name them with --data")
    return _Subject(found, data, None)


def _as_in_search(
    network: Architecture, size: tuple[int, int], balance: Mapping[str, str]
) -> Iterator[str]:
    """The lines that tell what is as it was in the search; `size` is that of the images."""
    if network.input[1:] != size:
        own, stored = (shape_text(each) for each in (network.input[1:], size))
        yield f"images: scaled from {stored} to {own}, as in the search"
    for name, value in balance.items():
        yield f"{name}: {value}, as in the search"


def _check_searched(subject: _Subject, *, given: bool) -> None:
    """Refuses --from-search without a study, or with options that change its network."""
    if subject.weights is None or given:
        raise NasTcError(
            "--from-search goes on with the weights of a study's trial, as it was searched: name "
            "a study file, and leave --input, --head and --norm out"
        )


def _check_as_searched(network: str, others: list[str]) -> None:
    """Refuses --as-searched without a study, or with options that change the training."""
    if not names_study(network):
        raise NasTcError(f"--as-searched repeats a study's trial: {network!r} is no study file")
    if others:
        raise NasTcError(f"--as-searched repeats the search's own training; leave {others[0]} out")


def _images(
    spec: str, size: tuple[int, int], margin: int, train_images: int | None, memory: str | None
) -> "ImageData":
    """The images, `margin` pixels larger than `size`, height and width."""
    from nas_tc.data import Decoding, decoded_notes, load_data, parse_limit  # noqa: PLC0415

    height, width = (side + margin for side in size)
    limit = None if memory is None else parse_limit(memory)
    return load_data(
        spec,
        side=(height, width),
        train_images=train_images,
        decoding=Decoding(decoded_notes(tell), memory_limit=limit),
    )


def _trainer(
    workers: int, device: str, ray_address: str | None, screen: Screen
) -> "Callable[..., FullTraining]":
    """The function that trains: in this process, or by several workers together."""
    if workers > 1:
        from nas_tc.parallel import train_in_parallel  # noqa: PLC0415

        return partial(train_in_parallel, workers=workers, device=device, address=ray_address)
    from nas_tc.training import choose_device, train_fully  # noqa: PLC0415

    def note(line: str) -> None:
        screen.print(f"note: {line}")

    return partial(train_fully, device=choose_device(device), note=note)


def _trained(
    run: "Callable[..., FullTraining]",
    network: Architecture,
    images: "ImageData",
    recipe: "Recipe",
    folder: Path,
    seed: int,
    initial: Path | None,
    metric: "Metric",
    screen: Screen,
) -> "FullTraining":
    """Trains a network, and prints a line after each epoch."""
    from nas_tc.training import DivergedError  # noqa: PLC0415

    _check_out(folder)

    def tell(curve: "tuple[CurvePoint, ...]") -> None:
        last = curve[-1]
        screen.print(
            f"epoch {last.epoch}/{recipe.epochs}: loss {last.train_loss:.4f}, "
            f"{metric.words} {percent(last.val_error)}, {last.train_s:.0f} s"
        )

    try:
        return run(
            network,
            images,
            recipe,
            folder,
            seed=seed,
            initial=initial,
            metric=metric,
            resumed=lambda epochs: screen.print(f"going on after epoch {epochs}"),
            after_epoch=tell,
        )
    except DivergedError as error:
        raise NasTcError(f"{error}; lower the learning rate: --set learning_rate=...") from None


def _written(
    folder: Path,
    network: Architecture,
    recipe: "Recipe",
    finished: "FullTraining",
    images: "ImageData",
    metric: "Metric",
) -> tuple[str, ...]:
    """Writes the trained network into `folder`; returns the names of the files."""
    from safetensors import SafetensorError  # noqa: PLC0415

    from nas_tc.cli.trained import write_trained  # noqa: PLC0415

    try:
        return write_trained(folder, network, recipe, finished, images, metric)
    except (OSError, SafetensorError) as error:
        raise NasTcError(
            f"cannot write into {folder}: {reason(error)}; make room and run it again: it goes on "
            "from the checkpoint"
        ) from None


def _print_result(folder: Path, names: tuple[str, ...]) -> None:
    """Prints what result.json says, and the files, for other programs."""
    result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    print_json({**result, "files": [str(folder / name) for name in names]})


def _tests(finished: "FullTraining", images: "ImageData", metric: "Metric") -> Iterator[str]:
    """The lines that tell how the network does on the test images, and who does nothing."""
    from nas_tc.data import blind_name  # noqa: PLC0415
    from nas_tc.report import no_better, worst_classes  # noqa: PLC0415

    tests = [test for test in (finished.single_view, finished.ten_view) if test is not None]
    values = [metric.of(test.confusion) for test in tests]
    for test, value in zip(tests, values, strict=True):
        views = "1 view" if test.views == 1 else f"{test.views} views"
        further = []
        if metric not in ("error", "subset_error"):
            plain = "subset error" if images.multilabel else "error"
            further = [f"{plain} {percent(test.top1)}"]
        if not images.multilabel and len(images.classes) > 5 and metric != "top5_error":
            further.append(f"top-5 {percent(test.top5)}")
        yield ", ".join((f"test {metric.words}, {views}: {percent(value)}", *further))
    yield worst_classes(tests[-1].confusion, images.classes)
    majority = images.majority(metric)["test"]
    blind = blind_name(multilabel=images.multilabel)
    yield f"{blind}: test {metric.words} {percent(majority)}"
    if min(values) >= majority:
        yield no_better("the network", multilabel=images.multilabel)
