"""Full training of one network by several workers (GPUs or cores), through Ray Train."""

import logging
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ray
from ray.util.queue import Queue

from nas_tc._ray import check_processor, raised_line, ray_has_gpu, start_ray
from nas_tc.architecture import Architecture
from nas_tc.data import ImageData
from nas_tc.errors import DeviceError, NasTcError, first_line
from nas_tc.metric import Metric
from nas_tc.recipe import CurvePoint, Recipe
from nas_tc.training import (
    DivergedError,
    FullTraining,
    Shard,
    check_shard,
    choose_device,
    device_is_lost,
    run_epochs,
    settle_on_core,
    take_huge_pages,
    train_fully,
)

_FOLDER = "ray-train"  # for Ray Train's own files; removed after the training


def train_in_parallel(
    architecture: Architecture,
    data: ImageData,
    recipe: Recipe,
    out: Path,
    *,
    workers: int,
    seed: int = 0,
    device: str = "auto",
    address: str | None = None,
    initial: Path | None = None,
    metric: Metric = Metric.ERROR,
    resumed: Callable[[int], None] = lambda _epochs: None,
    after_epoch: Callable[[tuple[CurvePoint, ...]], None] = lambda _curve: None,
) -> FullTraining:
    """Trains a network by all epochs of the recipe with several workers, and tests it with one.

    Each worker computes the gradients for its part of the batch, and every step averages them, so
    the steps are those of one worker with the same recipe. Only batch normalisation differs: each
    worker takes its statistics from its own part.

    Args:
        architecture: Network to train.
        data: Images, as for `train_fully`. With several nodes, a streamed set lies in a folder that
            all of them see.
        recipe: Recipe of the training; its batch is split evenly among the workers.
        out: Folder for the checkpoint, which the first worker writes. With several nodes, all of
            them see it.
        workers: Number of processes, one a GPU or core.
        seed: Seed for the weights, the order of the images and their augmentation.
        device: "auto", "cpu" or "cuda".
        address: Address of a running Ray cluster to join; None: Ray is started on this machine.
        initial: File of weights to begin with; None: fresh weights.
        metric: Metric of the validation errors of the curve.
        resumed: Called with the number of epochs in the checkpoint, if there is one.
        after_epoch: Called after each epoch with the learning curve so far.

    Returns:
        The same as `nas_tc.training.train_fully`.

    Raises:
        DivergedError: The loss is not a finite number.
        DeviceError: Ray Train is not installed, or Ray has fewer GPUs or cores than `workers`.
        NasTcError: As for `train_fully`, or a worker died.
    """
    check_shard(Shard(0, workers), recipe, len(data.train))
    # Ray Train starts its workers in folders of their own.
    out, initial = out.resolve(), None if initial is None else initial.resolve()
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NasTcError(
            f"cannot write into {out}: {error.strerror}; choose another --out"
        ) from None
    os.environ.setdefault("RAY_TRAIN_ENABLE_PRINT_PATCH", "0")
    try:
        from ray.train import RunConfig, ScalingConfig, TrainingFailedError  # noqa: PLC0415
        from ray.train.torch import TorchTrainer  # noqa: PLC0415
    except ImportError as error:
        raise DeviceError(
            f"--workers {workers} needs Ray Train ({error}); install it with "
            "pip install 'nas-tc[parallel]'"
        ) from None
    logging.getLogger("ray.train").setLevel(logging.ERROR)
    ours = start_ray(address, None)
    try:
        on_gpus = device != "cpu" and ray_has_gpu(local=ours and address is None)
        if not on_gpus:
            check_processor(device)
        _check_capacity(workers, "GPU" if on_gpus else "CPU")
        messages: Any = Queue(actor_options={"num_cpus": 0})
        listener = threading.Thread(
            target=_listen, args=(messages, resumed, after_epoch), daemon=True
        )
        listener.start()
        job = (architecture, recipe, out, seed, initial, metric, messages)
        trainer = TorchTrainer(
            _work,
            train_loop_config={"job": job, "data": ray.put(data)},
            scaling_config=ScalingConfig(num_workers=workers, use_gpu=on_gpus),
            run_config=RunConfig(storage_path=str(out), name=_FOLDER),
        )
        try:
            trainer.fit()
        except TrainingFailedError as error:
            raise _cause(error) from None
        finally:
            messages.put(None)
            listener.join()
            shutil.rmtree(out / _FOLDER, ignore_errors=True)
    finally:
        if ours:
            ray.shutdown()
    # All epochs are in the checkpoint now, so only the test is left.
    target = choose_device("cpu" if device == "cpu" else "auto")
    return train_fully(
        architecture,
        data,
        recipe,
        out,
        seed=seed,
        device=target,
        initial=initial,
        metric=metric,
    )


def _work(config: dict[str, Any]) -> None:
    """Trains in one worker; Ray Train has made the process group already."""
    from ray.train import get_context  # noqa: PLC0415
    from ray.train.torch import get_device  # noqa: PLC0415

    architecture, recipe, out, seed, initial, metric, messages = config["job"]
    context, device = get_context(), get_device()
    shard = Shard(context.get_world_rank(), context.get_world_size())
    if device.type == "cpu":
        settle_on_core()
        take_huge_pages()
    run_epochs(
        architecture,
        ray.get(config["data"]),
        recipe,
        out,
        seed=seed,
        device=device,
        shard=shard,
        initial=initial,
        metric=metric,
        resumed=lambda epochs: None if shard.rank else messages.put(epochs),
        after_epoch=messages.put,
    )


def _listen(
    messages: Any,
    resumed: Callable[[int], None],
    after_epoch: Callable[[tuple[CurvePoint, ...]], None],
) -> None:
    """Passes the first worker's messages to the callbacks, until None arrives."""
    while (message := messages.get()) is not None:
        if isinstance(message, int):
            resumed(message)
        else:
            after_epoch(message)


def _check_capacity(workers: int, kind: str) -> None:
    """Refuses more workers than Ray has GPUs or cores; `kind` is "GPU" or "CPU"."""
    places = int(ray.cluster_resources().get(kind, 0))
    plural = "s" if places != 1 else ""
    if workers > places:
        raise DeviceError(
            f"--workers {workers}: Ray has {places} {kind}{plural}; ask for fewer "
            "workers, or join a cluster with --ray-address"
        )


def _cause(error: Exception) -> Exception:
    """The error to raise for Ray Train's: the worker's own if a user can put it right.

    When one worker ends, the others fail while they wait for it, so their errors do not name the
    cause; that of a worker whose GPU is lost does.
    """
    failures = sorted(getattr(error, "worker_failures", {}).items())
    for _, failure in failures:
        if isinstance(failure, NasTcError | DivergedError):
            return failure
    for rank, failure in sorted(failures, key=lambda each: not device_is_lost(str(each[1]))):
        text = str(failure)
        line = raised_line(text) or f"{type(failure).__name__}: {first_line(text)}"
        return NasTcError(f"worker {rank} failed: {line}")
    return NasTcError(f"Ray Train failed: {(str(error).strip().splitlines() or [''])[-1]}")
