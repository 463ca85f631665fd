"""Runs an experiment: trains all its networks with all seeds, and resumes what was interrupted."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

from nas_tc.data import Decoding, ImageData, decoded_notes, load_data, parse_limit
from nas_tc.errors import DataError, NasTcError
from nas_tc.experiment.networks import Entrant, entrants
from nas_tc.experiment.outcome import Outcome
from nas_tc.experiment.recipe import recipe_of
from nas_tc.experiment.specification import Experiment
from nas_tc.experiment.times import measure_times
from nas_tc.experiment.trainings import Finished, TrainingsFile, open_trainings
from nas_tc.recipe import augmented
from nas_tc.search.interrupts import Interrupts
from nas_tc.search.pool import FailedError, LostError, Pool
from nas_tc.search.train_and_test import Trained, TrainingJob, train_and_test
from nas_tc.study.environment import run_record
from nas_tc.training import choose_device, gpu_names

TRAININGS = "trainings.db"


@dataclass(frozen=True)
class Progress:
    """Progress of an experiment, in trainings.

    Attributes:
        done: Number that have ended, in earlier runs too.
        goal: Number in all.
        left_s: Expected time left, seconds; None while no training of this run has succeeded.
    """

    done: int
    goal: int
    left_s: float | None


class Listener(Protocol):
    """Receives what happens in an experiment, in the driver's thread."""

    def note(self, text: str) -> None:
        """Receives a message: about the images, a resume, a worker."""

    def ended(self, name: str, seed: int, training: Finished, progress: Progress) -> None:
        """Receives a training that has ended, and how many have."""


@dataclass(frozen=True)
class Where:
    """Where the trainings run: the arguments of `Pool`.

    Attributes:
        workers: Number of processes that train; None: one a core or GPU.
        device: "auto", "cpu" or "cuda".
        ray_address: Address of a running Ray cluster to join; None: Ray is started here.
        per_gpu: Number of networks that share one GPU.
    """

    workers: int | None = None
    device: str = "auto"
    ray_address: str | None = None
    per_gpu: int = 1


def run_experiment(
    experiment: Experiment,
    out: Path,
    listener: Listener,
    *,
    where: Where,
    fields: Mapping[str, Any],
    trainings: Path | None = None,
    memory_limit: str | None = None,
    timed: bool = False,
    command: str = "",
) -> Outcome:
    """Trains each network of an experiment with each seed, as far as that is not done yet.

    Ctrl-C keeps all finished trainings; the outcome then has what there is.

    Args:
        experiment: Experiment to run, with data, images and seeds as the user wants them.
        out: Folder for the file of trainings.
        listener: Receives notes and results.
        where: Workers and device.
        fields: Fields of the recipe in place of the experiment's.
        trainings: File of the trainings; None: one in `out`.
        memory_limit: Memory for the images, such as "4GiB"; None: 30 % of what is free.
        timed: Whether the networks' times are measured in the end.
        command: Command line, for the manifest.

    Raises:
        NasTcError: Something that the user can put right, before any training where possible.
    """
    if experiment.data is None:
        raise NasTcError("which images? name them with --data, as in parquet:DIR")
    recipe = recipe_of(experiment, fields)
    limit = None if memory_limit is None else parse_limit(memory_limit)
    entrants(experiment, experiment.input[0], 2)  # what is wrong is said before images are decoded
    if where.ray_address is None:
        choose_device(where.device)
    images = _load(experiment, limit, listener)
    recipe = augmented(recipe, images.augment, {**experiment.recipe_fields, **fields})
    networks = entrants(experiment, images.shape[0], len(images.classes))
    settings = {"data": images.facts(), "recipe": recipe.to_dict()}  # errors depend on these
    with open_trainings(trainings or out / TRAININGS, settings) as file, Interrupts() as interrupts:
        jobs = _missing(networks, experiment.seeds, file)
        goal = len(networks) * experiment.seeds
        listener.note(f"{goal - len(jobs)} of {goal} trainings are done: {file.path}")
        interrupted = False
        times = None
        try:
            if jobs:
                file.add_run(run_record(command, gpu_names()))
                with Pool(
                    images,
                    recipe,
                    device=where.device,
                    workers=where.workers,
                    most=len(jobs),
                    address=where.ray_address,
                    per_gpu=where.per_gpu,
                    note=listener.note,
                ) as pool:
                    keep = _Keeper(file, listener, {e.name: e for e in networks}, jobs, goal, pool)
                    train_and_test(pool, interrupts.check, jobs, keep.ended)
            interrupts.check()
            if timed:
                listener.note(f"timing {len(networks)} networks")
                times = measure_times([each.architecture for each in networks], where.device)
        except KeyboardInterrupt:
            interrupted = True
        finished = file.finished()
        return Outcome(
            experiment,
            networks,
            {
                each.name: {
                    seed: finished[each.architecture.id, seed]
                    for seed in range(experiment.seeds)
                    if (each.architecture.id, seed) in finished
                }
                for each in networks
            },
            settings,
            tuple(file.runs()),
            file.path,
            times,
            interrupted,
        )


@dataclass
class _Keeper:
    """Writes trainings as they end, and estimates the time that is left."""

    file: TrainingsFile
    listener: Listener
    networks: dict[str, Entrant]
    jobs: list[TrainingJob]
    goal: int
    pool: Pool
    ended_here: int = 0
    trained_s: float = 0.0
    trained_macs: int = 0

    def ended(self, job: TrainingJob, result: Trained | FailedError) -> None:
        name, seed = cast(tuple[str, int], job.key)
        self.ended_here += 1
        if isinstance(result, Trained):
            training = Finished(result.rungs, result.test_error)
            self.trained_s += result.rungs[-1].train_s
            self.trained_macs += self.networks[name].complexity
        else:
            training = Finished(failure=str(result))
        if not isinstance(result, LostError):  # another run may have more luck
            self.file.add(job.network, seed, training)
        left = len(self.jobs) - self.ended_here
        progress = Progress(self.goal - left, self.goal, self._left_s())
        self.listener.ended(name, seed, training, progress)

    def _left_s(self) -> float | None:
        """Expected time left: by the multiply-adds of the trainings that are not done."""
        if not self.trained_macs:
            return None
        names = [cast(tuple[str, int], each.key)[0] for each in self.jobs]
        rest = max(0, sum(self.networks[name].complexity for name in names) - self.trained_macs)
        at_once = min(self.pool.size, max(1, len(self.jobs) - self.ended_here))
        return rest * self.trained_s / self.trained_macs / at_once


def _missing(networks: tuple[Entrant, ...], seeds: int, file: TrainingsFile) -> list[TrainingJob]:
    """The trainings that are not done yet, every network once before any twice."""
    finished = file.finished()
    return [
        TrainingJob((each.name, seed), each.architecture, seed)
        for seed in range(seeds)
        for each in networks
        if (each.architecture.id, seed) not in finished
    ]


def _load(experiment: Experiment, limit: int | None, listener: Listener) -> ImageData:
    assert experiment.data is not None
    try:
        images = load_data(
            experiment.data,
            side=experiment.input[1:],
            train_images=experiment.train_images,
            decoding=Decoding(decoded_notes(listener.note), memory_limit=limit),
        )
    except DataError as error:
        if "--train-images" in str(error):
            raise DataError(f"{error} (the experiment has train_images)") from None
        raise
    if images.multilabel:
        raise NasTcError(
            f"{images.name} has images with several labels, and an experiment compares the plain "
            "error of one label each; search with them, or give each image one label"
        )
    listener.note(images.summary())
    return images
