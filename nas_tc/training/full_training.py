"""Full training of a network, with a checkpoint after every epoch."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from nas_tc.architecture import Architecture
from nas_tc.data import ImageData
from nas_tc.errors import NasTcError, reason
from nas_tc.metric import Metric
from nas_tc.module import Network, build
from nas_tc.recipe import CurvePoint, Recipe
from nas_tc.training.batches import images_on, with_colours
from nas_tc.training.checkpoint import FORMAT, check_writable, read_checkpoint, write_checkpoint
from nas_tc.training.evaluate import confusion_of
from nas_tc.training.memory import check_fits, one_line_without_memory
from nas_tc.training.shard import Shard, check_shard
from nas_tc.training.train import Training
from nas_tc.training.views import ViewErrors, error_of_views


@dataclass(frozen=True)
class FullTraining:
    """Result of a full training.

    Attributes:
        network: Network with its final weights.
        curve: Learning curve, one point an epoch.
        single_view: Errors on the test images, from one view of each.
        ten_view: Errors on the test images from ten views of each; None unless the recipe asks for
            them.
    """

    network: Network
    curve: tuple[CurvePoint, ...]
    single_view: ViewErrors
    ten_view: ViewErrors | None


def train_fully(
    architecture: Architecture,
    data: ImageData,
    recipe: Recipe,
    out: Path,
    *,
    seed: int = 0,
    device: torch.device | None = None,
    initial: Path | None = None,
    metric: Metric = Metric.ERROR,
    resumed: Callable[[int], None] = lambda _epochs: None,
    after_epoch: Callable[[tuple[CurvePoint, ...]], None] = lambda _curve: None,
    note: Callable[[str], None] = lambda _line: None,
) -> FullTraining:
    """Trains a network by all epochs of the recipe, as `run_epochs` does, and tests it.

    Args:
        architecture: Network to train, for the data's channels and classes.
        data: Images, `recipe.margin` pixels larger than the windows that are cut out of them; the
            windows are scaled to the network's input where that has another size.
        recipe: Recipe of the training and the test.
        out: Folder for the checkpoint.
        seed: Seed for the weights, the order of the images and their augmentation.
        device: Device that trains; None: the processor.
        initial: File of weights to begin with; None: fresh weights.
        metric: Metric of the validation errors of the curve.
        resumed: Called with the number of epochs in the checkpoint, if there is one.
        after_epoch: Called after each epoch with the learning curve so far.
        note: Called with a line of text if the steps do not run as fast as they should.

    Raises:
        DivergedError: The loss is not a finite number.
        NasTcError: The checkpoint belongs to another training, the folder cannot be written, the
            weights belong to another network, or the memory is too small.
    """
    device = device or torch.device("cpu")
    network, curve = run_epochs(
        architecture,
        data,
        recipe,
        out,
        seed=seed,
        device=device,
        initial=initial,
        metric=metric,
        resumed=resumed,
        after_epoch=after_epoch,
        note=note,
    )
    ten = None
    size = architecture.input[1:]
    with one_line_without_memory(architecture, recipe.batch_size, device):
        test = images_on(device, data.test, recipe.margin).at(size)
        if recipe.views == 10:
            ten = error_of_views(network, test, views=10, reach=recipe.crop_padding)
        return FullTraining(network, curve, error_of_views(network, test), ten)


def run_epochs(
    architecture: Architecture,
    data: ImageData,
    recipe: Recipe,
    out: Path,
    *,
    seed: int,
    device: torch.device,
    initial: Path | None = None,
    metric: Metric = Metric.ERROR,
    shard: Shard | None = None,
    resumed: Callable[[int], None] = lambda _epochs: None,
    after_epoch: Callable[[tuple[CurvePoint, ...]], None] = lambda _curve: None,
    note: Callable[[str], None] = lambda _line: None,
) -> tuple[Network, tuple[CurvePoint, ...]]:
    """Trains a network by all epochs of the recipe.

    A checkpoint is written into `out` after every epoch. If there is one already, the training
    resumes from it; on the same machine it ends with the same weights as without the interruption.

    Args:
        architecture: As for `train_fully`.
        data: As for `train_fully`.
        recipe: As for `train_fully`.
        out: As for `train_fully`.
        seed: As for `train_fully`.
        device: Device that trains.
        initial: As for `train_fully`.
        metric: As for `train_fully`.
        shard: Part of every batch that this process trains on, where several train the network. The
            first process validates and writes the checkpoint, into a folder that all of them see.
        resumed: As for `train_fully`.
        after_epoch: As for `train_fully`.
        note: As for `train_fully`.

    Returns:
        The network with its final weights, and its learning curve.

    Raises:
        DivergedError, NasTcError: As for `train_fully`.
    """
    shard = shard or Shard()
    check_shard(shard, recipe, len(data.train))
    # A checkpoint continues only the same training. Its epochs count too, because the schedule of
    # the learning rate depends on them; the views do not, because only the test uses them.
    identity = {
        "format": FORMAT,
        "network": architecture.to_json(),
        "recipe": {**recipe.to_dict(), "views": 0},
        "data": data.checksum,
        "seed": seed,
        "beginning": None if initial is None else _digest(initial),
    }
    if metric != Metric.ERROR:  # the curve has its values; those of before are all plain errors
        identity["metric"] = metric.value
    if not shard.rank:
        check_writable(out)
    kept = read_checkpoint(out, identity)
    batch = recipe.batch_size // shard.size
    if kept is None or kept["training"]["epoch"] < recipe.epochs:
        check_fits(architecture, batch, device)
    mean, std = data.moments
    size = architecture.input[1:]
    network = build(architecture, mean=mean, std=std, seed=seed, init=recipe.init)
    if initial is not None:
        _begin_with(network, initial)
    curve: tuple[CurvePoint, ...] = ()
    with one_line_without_memory(architecture, batch, device):
        network = network.to(device)
        training = with_colours(images_on(device, data.train, recipe.margin), recipe).at(size)
        validation = images_on(device, data.validation, recipe.margin).at(size)
        run = Training(network, training, recipe, seed=seed, shard=shard)
        if kept is not None:
            run.resume(kept["training"])
            curve = tuple(CurvePoint(**point) for point in kept["curve"])
            resumed(run.epoch)
        while run.epoch < recipe.epochs:
            loss = run.run_epoch(note)
            if shard.rank:
                continue
            error = metric.of(confusion_of(run.evaluated(), validation))
            curve = (*curve, CurvePoint(run.epoch, loss, error, run.train_s))
            points = [asdict(point) for point in curve]
            write_checkpoint(out, {"identity": identity, "training": run.state(), "curve": points})
            after_epoch(curve)
    network.load_state_dict(run.evaluated().state_dict())
    return network, curve


def _digest(file: Path) -> str:
    """Hash of a file of weights, which identifies it in a checkpoint.

    Args:
        file: File of weights.

    Raises:
        NasTcError: The file cannot be read.
    """
    try:
        return blake2b(file.read_bytes()).hexdigest()
    except OSError as error:
        raise NasTcError(f"cannot read the weights {file}: {error.strerror}") from None


def _begin_with(network: Network, file: Path) -> None:
    """Gives the network the weights of a file.

    Args:
        network: Network that takes the weights.
        file: File of weights.

    Raises:
        NasTcError: The file cannot be read, or holds the weights of another network.
    """
    try:
        network.load_state_dict(load_file(file))
    except (OSError, SafetensorError) as error:
        raise NasTcError(f"cannot read the weights {file}: {reason(error)}") from None
    except RuntimeError:
        raise NasTcError(f"{file} holds the weights of another network") from None
