"""The search as one call, from a budget to a front."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import optuna

from nas_tc.data import (
    Decoding,
    ImageData,
    blind_name,
    decoded_notes,
    load_data,
    majority_text,
    parse_limit,
)
from nas_tc.errors import NasTcError
from nas_tc.latency import named_table
from nas_tc.metric import Metric
from nas_tc.reading import OwnNetwork
from nas_tc.recipe import Recipe
from nas_tc.search.arguments import check_numbers, resolved
from nas_tc.search.around import queue_own
from nas_tc.search.baselines import (
    lacks_baselines,
    parse_baselines,
    queue_baselines,
)
from nas_tc.search.events import Listener, NullListener
from nas_tc.search.front_errors import untested
from nas_tc.search.front_times import untimed_front
from nas_tc.search.interrupts import Interrupts
from nas_tc.search.lost_weights import shown_without_weights
from nas_tc.search.plan import Plan, describe_fit, plan_search
from nas_tc.search.pool import Pool
from nas_tc.search.reruns import missing_reruns
from nas_tc.search.session import Session
from nas_tc.search.settings import Settings
from nas_tc.search.stages import DEFAULT_TRIALS, requeueing, train_and_measure
from nas_tc.search.stop_time import StopTime
from nas_tc.search.table_choice import search_device
from nas_tc.search.warm_start import parse_start, start_with
from nas_tc.space import Reach, Space
from nas_tc.study.attributes import RUNS_KEY
from nas_tc.study.environment import run_record
from nas_tc.study.files import kept_settings
from nas_tc.study.record import StudyRecord, record_of
from nas_tc.study.remote_folder import place_for_all, remote_folder
from nas_tc.study.storage import lock_study, open_study, requeue_running
from nas_tc.study.study_storage import turn
from nas_tc.study.study_url import StudyUrl, study_path, without_password
from nas_tc.training import choose_device, gpu_names

_LOCAL = Path("results") / "local"


def search(
    budget: str | None = None,
    *,
    space: str | Path | Space | None = None,
    data: str = "digits",
    train_images: int | None = None,
    trials: int | None = None,
    time_limit_s: float | None = None,
    workers: int | None = None,
    device: str = "auto",
    ray_address: str | None = None,
    study: str | Path | None = None,
    seed: int = 0,
    augment: str = "auto",
    around: str | OwnNetwork | None = None,
    reach: Sequence[str] | Reach = (),
    start: Sequence[str] = (),
    baselines: str | Sequence[str] = "auto",
    reruns: int = 0,
    metric: str | None = None,
    time_table: str | Path | None = None,
    listener: Listener | None = None,
    command: str = "nas_tc.search(...)",
    recipe: str | Path | Recipe = "quick",
    per_gpu: int = 1,
    memory_limit: str | None = None,
    trial_timeout_s: float | None = None,
    retries: int = 1,
    weights: str | Path | None = None,
    experience: str = "auto",
    **fields: Any,
) -> StudyRecord:
    """Finds the most accurate networks of a space within a budget.

    A second call resumes the study: finished trials stay, and interrupted ones are run again.
    Ctrl-C stops the search at any time; the call then returns the study as it is.

    Args:
        budget: Budget, such as "alexnet*0.6", "120M" or "complexity in 100M..120M, params<=5M"; see
            docs/budget.md. "0.8*it" and "latency<=it" are of the network in `around`. None: the
            complexity of that network.
        space: A space, the name of a shipped space, or the path of a TOML file; None: the space
            around the network in `around`, or else "plain-32".
        data: "digits", "parquet:DIR", "imagefolder:DIR", "npz:FILE", "idx:DIR",
            "csv:FILE" or "hub:NAME".
        train_images: Number of images to train on; None: all.
        trials: Number of networks to train, those of earlier runs of the study included. Pruned
            networks count. None: 40, or with a time limit as many as fit.
        time_limit_s: Seconds until the search has to end, the tests of its front included. No
            training begins that cannot end in time by what trainings took so far. A second call
            adds as much time again. None: no limit.
        workers: Number of processes that train; None: one a core, or `per_gpu` a GPU.
        device: "auto", "cpu" or "cuda".
        ray_address: Address of a running Ray cluster to join; None: Ray is started on this machine.
        study: Path of the SQLite file, or "postgresql://USER@HOST/DATABASE#STUDY", which several
            searches may write at once; None: a file under results/local/, named after space, data
            and budget.
        seed: Seed for proposals and training.
        augment: "auto" (what suits the data), "none", "crop", "flip" or "crop+flip".
        around: Network to beat at equal cost: a name, a notation, a JSON file or `file.py:factory`;
            see docs/around.md. It is trained before all others.
        reach: Bounds of the space around it, such as "width=0.5..2".
        start: Networks to train first, by name, notation or JSON file; or study files. From a study
            with the same images and recipe the results are taken; from another one the front is
            trained again.
        baselines: Known networks that are cut to the budget and trained beside the trials: "auto"
            (what suits the size of the images), "none", or families, "vgg,resnet"; see
            docs/baselines.md.
        reruns: Number of times that each network of the front, and the best baseline, is trained
            again in the end, each time with another seed.
        metric: What networks are judged by, `nas_tc.metric.Metric`: "error", "balanced_error",
            "macro_f1_error", "worst_class_error" or "top5_error"; where images have several labels,
            "map_error", "subset_error", "hamming_error" or "macro_f1_error". None: the error, or
            the mAP error.
        time_table: Path of the table of the device that a limit on time is meant for. The table
            predicts times, and none is measured. None: times are measured on this machine.
        listener: Receives notes, progress and ended trials; None: nothing is reported.
        command: Command line of the search, for the study's manifest.
        recipe: A recipe, the name of one, or the path of a TOML file.
        per_gpu: Number of networks that are trained on one GPU at the same time.
        memory_limit: Memory for the images, such as "4GiB"; a larger set is read from disk, batch
            by batch. None: 30 % of the free memory.
        trial_timeout_s: Longest time that a worker may take for a rung of a training, seconds; one
            that takes longer is replaced, and its network tried again. None: a hundred times the
            longest so far, ten minutes at least.
        retries: Number of times that a network is tried again after its worker died or hung.
        weights: Folder for the weights of a study on a server that all machines see: a path, or a
            URL that fsspec knows, such as "s3://bucket/folder". None: where the study keeps them,
            or a folder on this machine.
        experience: "auto": what earlier trainings say of networks guides the proposals, where it
            covers the space (docs/search.md); "none": proposals learn from this study alone.
        **fields: Fields of `nas_tc.recipe.Recipe` that replace the recipe's own, such as
            `epochs=20`.

    Returns:
        The study: its `front`, `best` and all `trials`.

    Raises:
        NasTcError: Something that the user can put right. Whatever is known beforehand is raised
            before any training.
    """
    listener = listener or NullListener()
    stop = None if time_limit_s is None else StopTime(time_limit_s)
    if trials is None and stop is None:
        trials = DEFAULT_TRIALS
    check_numbers(trials, workers, reruns, per_gpu, trial_timeout_s, retries)
    limit = None if memory_limit is None else parse_limit(memory_limit)
    budget, space, own = resolved(budget, space, around, reach)
    plan = plan_search(
        budget,
        space,
        recipe,
        augment,
        seed,
        fields,
        metric,
        None if own is None else own.network,
        experience,
    )
    starts = [parse_start(text) for text in start]
    families = parse_baselines(baselines)
    if ray_address is None:
        choose_device(device)
    table = named_table(time_table, plan.budget)

    path = study_path(study) if study is not None else _default_study(plan, data, train_images)
    _take_weights_place(path, weights)
    with lock_study(path):
        images = _load(data, plan, train_images, limit, listener)
        table_of = None if table is None else str(table.machine["device"])
        kept = kept_settings(path) if path.exists() else None
        settings = plan.settle(images, seed, search_device(device), table_of, kept)
        if kept is not None and settings.recipe.optimizer != plan.recipe.optimizer:
            listener.note(f"recipe: optimizer {settings.recipe.optimizer}, as this study began")
        _note_metric(settings, listener)
        listener.note(f"budget: {settings.limit}")
        listener.note(describe_fit(settings.space, settings.limit))
        if settings.experience is not None:
            listener.note(f"experience: {settings.experience}; --experience none searches without")
        starts = [start.settle(settings) for start in starts]
        with (
            Interrupts() as interrupts,
            open_study(path, settings.to_dict(), listener.note) as opened,
        ):
            has_own = own is not None and queue_own(opened, settings, own, listener)
            start_with(opened, path, settings, starts, listener)
            has_queued = lacks_baselines(opened, settings, families)
            if not settings.times:  # else they are fitted when it is known what takes how long
                has_queued = queue_baselines(opened, settings, families, listener)
            has_queued |= has_own
            before = record_of(opened, path)
            _note_resume(before, trials, listener)
            if (
                trials is not None
                and before.done >= trials
                and not has_queued
                and not untested(before)
                and not shown_without_weights(before)
                and not missing_reruns(before, reruns)
                and not untimed_front(before)
            ):
                return before
            _record_run(opened, before, command)
            interrupted = False
            try:
                with (
                    requeueing(opened),
                    Pool(
                        images,
                        settings.recipe,
                        metric=settings.metric,
                        device=device,
                        workers=workers,
                        address=ray_address,
                        per_gpu=per_gpu,
                        alone=bool(settings.times),
                        note=listener.note,
                        trial_timeout_s=trial_timeout_s,
                    ) as pool,
                ):
                    session = Session(opened, path, pool, listener, interrupts, retries)
                    train_and_measure(session, settings, table, families, trials, reruns, stop)
            except KeyboardInterrupt:
                interrupted = True
                requeue_running(opened)
            return record_of(opened, path, interrupted=interrupted)


def _note_metric(settings: Settings, listener: Listener) -> None:
    """Says what networks are judged by, where that is not the images' usual metric."""
    images = settings.data
    if settings.metric != images.usual_metric:
        blind = majority_text(images.majority(settings.metric))
        name = blind_name(multilabel=images.multilabel)
        article = "" if images.multilabel else "the "
        listener.note(f"metric: {settings.metric.words}; of {article}{name} {blind}")


def _default_study(plan: Plan, data: str, train_images: int | None) -> Path:
    """Default path of a study: a name for each space, data, budget and metric."""
    kind, _, place = data.partition(":")
    parts = [plan.space.name, Path(place).resolve().name if place else kind]
    if train_images is not None:
        parts.append(str(train_images))
    if plan.metric not in (None, Metric.ERROR, Metric.MAP_ERROR):
        parts.append(plan.metric.value)
    parts.append(str(plan.budget))
    slug = "-".join(re.sub(r"[^\w.@']+", "-", part).strip("-") for part in parts)
    return _LOCAL / f"{slug}.db"


def _take_weights_place(path: Path, weights: str | Path | None) -> None:
    """Notes where a study on a server keeps its weights.

    Raises:
        NasTcError: The study is a file, which keeps its weights beside itself.
    """
    if weights is None:
        return
    if not isinstance(path, StudyUrl):
        raise NasTcError(
            "--weights is for a study on a server; a study file keeps its weights beside itself"
        )
    path.weights = place_for_all(str(weights))
    remote_folder(path.weights)  # says what is missing


def _load(
    data: str, plan: Plan, train_images: int | None, limit: int | None, listener: Listener
) -> ImageData:
    images = load_data(
        data,
        side=plan.space.input[1:],
        train_images=train_images,
        decoding=Decoding(decoded_notes(listener.note), memory_limit=limit),
    )
    listener.note(images.summary())
    return images


def _record_run(study: optuna.Study, before: StudyRecord, command: str) -> None:
    """Records in the study the time, the command and the environment of this run."""
    with turn(study):
        runs = study.user_attrs.get(RUNS_KEY, before.runs)
        run = run_record(without_password(command), gpu_names())
        study.set_user_attr(RUNS_KEY, [*runs, run])


def _note_resume(before: StudyRecord, goal: int | None, listener: Listener) -> None:
    if any(trial.reused is None for trial in before.trials):
        if goal is None:
            rest = "training as many more as fit"
        else:
            rest = "nothing is left to train" if before.done >= goal else f"training up to {goal}"
        listener.note(f"resuming {before.path}: {before.done} trials are done, {rest}")
    else:
        listener.note(f"study: {before.path}")
