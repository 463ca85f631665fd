"""Reruns: the front trained again with other seeds, to show how much of an error was luck."""

from dataclasses import asdict
from pathlib import Path
from typing import cast

import optuna

from nas_tc.errors import NasTcError, StudyError
from nas_tc.recipe import Recipe
from nas_tc.search.events import Listener, NullListener
from nas_tc.search.interrupts import Interrupts
from nas_tc.search.pool import FailedError, Pool
from nas_tc.search.session import Session
from nas_tc.search.stop_time import StopTime
from nas_tc.search.train_and_test import Trained, TrainingJob, train_and_test
from nas_tc.study.attributes import RERUNS_KEY
from nas_tc.study.images import images_of
from nas_tc.study.record import StudyRecord, read_study, record_of
from nas_tc.study.spread import Rerun
from nas_tc.study.storage import lock_study, open_study
from nas_tc.study.study_url import study_path
from nas_tc.study.trial import TrialRecord
from nas_tc.worker import training_seed


def rerun(
    study: str | Path,
    reruns: int,
    *,
    data: str | None = None,
    workers: int | None = None,
    device: str = "auto",
    ray_address: str | None = None,
    listener: Listener | None = None,
) -> StudyRecord:
    """Trains each network of a study's front again, with `reruns` other seeds.

    Results that are there already stay, and Ctrl-C keeps all finished results.

    Args:
        study: Path of the study file.
        reruns: Number of seeds beside that of the search.
        data: Place of the images now, as for `nas_tc.search`; None: where they were.
        workers: Number of processes that train; None: one a GPU or core.
        device: "auto", "cpu" or "cuda".
        ray_address: Address of a running Ray cluster to join; None: Ray is started on this machine.
        listener: Receives notes; None: nothing is reported.

    Raises:
        NasTcError: There is no such study, the images differ from the study's, or `reruns` is below
            1.
    """
    if reruns < 1:
        raise NasTcError(f"reruns must be 1 or more, not {reruns}")
    if workers is not None and workers < 1:
        raise NasTcError(f"workers must be 1 or more, not {workers}")
    listener = listener or NullListener()
    path = study_path(study)
    record = read_study(path)
    if not record.front:
        raise StudyError(f"{path}: no trial is complete yet; resume the search")
    recipe = Recipe.from_dict(record.settings["recipe"])
    with lock_study(path):
        images = images_of(record, data)
        with Interrupts() as interrupts, open_study(path, dict(record.settings)) as opened:
            interrupted = False
            if missing_reruns(record_of(opened, path), reruns):
                try:
                    with Pool(
                        images,
                        recipe,
                        metric=record.metric,
                        device=device,
                        workers=workers,
                        address=ray_address,
                        note=listener.note,
                    ) as pool:
                        rerun_front(Session(opened, path, pool, listener, interrupts), reruns)
                except KeyboardInterrupt:
                    interrupted = True
            return record_of(opened, path, interrupted=interrupted)


def missing_reruns(record: StudyRecord, reruns: int) -> list[tuple[TrialRecord, int]]:
    """Networks and seeds still to train, every network once before any twice.

    The networks are those of the front, the best baseline, and the network that the search is
    around.

    A reused result was trained with the seed of the search that it comes from. That seed would give
    the same result once more, so it is left out.
    """
    own_seed = record.settings["seed"]
    known = [each for each in (record.best_baseline, record.own) if each is not None]
    networks = {trial.number: trial for trial in (*record.front, *known)}
    return [
        (trial, seed)
        for count in range(1, reruns + 1)
        for trial in networks.values()
        for seed in [_nth_seed(count, trial, own_seed)]
        if seed not in {rerun.seed for rerun in trial.reruns}
    ]


def _nth_seed(count: int, trial: TrialRecord, own_seed: int) -> int:
    """The seed of a network's rerun number `count`, as an offset to the search's own seed."""
    used = None if trial.reused_seed is None else trial.reused_seed - own_seed
    return count + 1 if used is not None and 1 <= used <= count else count


def rerun_front(session: Session, reruns: int, stop: StopTime | None = None) -> None:
    """Trains and tests the networks of `missing_reruns`, and writes each result as it arrives.

    Args:
        session: Study, workers and listener.
        reruns: Number of seeds beside that of the search.
        stop: Time before which all have to end; None: no limit.

    Raises:
        KeyboardInterrupt: The user pressed Ctrl-C.
    """
    record = session.record()
    own_seed = record.settings["seed"]
    jobs = [
        TrainingJob(
            (trial.number, seed),
            trial.architecture,
            training_seed(own_seed + seed, trial.architecture),
        )
        for trial, seed in missing_reruns(record, reruns)
    ]

    def ended(job: TrainingJob, result: Trained | FailedError) -> None:
        number, seed = cast(tuple[int, int], job.key)
        if isinstance(result, FailedError):
            session.listener.note(f"trial {number} with seed {seed} failed: {result}")
            return
        val_error = result.rungs[-1].val_error
        _keep(session.study, number, Rerun(seed, val_error, result.test_error))
        words = record.metric.words
        errors = f"validation {words} {val_error:.2%}, test {words} {result.test_error:.2%}"
        session.listener.note(f"trial {number} with seed {seed}: {errors.replace('%', ' %')}")

    def may_begin() -> bool:
        return stop is None or stop.allows_another

    train_and_test(session.pool, session.check, jobs, ended, may_begin=may_begin)


def _keep(study: optuna.Study, number: int, rerun: Rerun) -> None:
    kept = dict(study.user_attrs.get(RERUNS_KEY, {}))
    kept[str(number)] = [*kept.get(str(number), []), asdict(rerun)]
    study.set_user_attr(RERUNS_KEY, kept)
