"""The searches that `search_training.py` compares: ours, and what users would pick instead."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution
from optuna.trial import TrialState

from nas_tc.architecture import Architecture, format_notation
from nas_tc.cost import complexity
from nas_tc.errors import ArchitectureError
from nas_tc.search.baselines import parse_baselines, queue_baselines
from nas_tc.search.driver import Driver
from nas_tc.search.interrupts import Interrupts
from nas_tc.search.pool import FailedError, Pool
from nas_tc.search.session import Session
from nas_tc.search.settings import Settings
from nas_tc.study.record import record_of
from nas_tc.study.storage import lock_study, open_study
from nas_tc.worker.worker import training_seed


class Clock:
    """Writes each trial that ends, and stops a search when its time is over."""

    def __init__(self, seconds: float, write: Callable[..., None]) -> None:
        self._ends = time.monotonic() + seconds
        self._started = time.monotonic()
        self._write = write

    @property
    def over(self) -> bool:
        return time.monotonic() >= self._ends

    def note(self, text: str) -> None:
        pass

    def progress(self, progress: object) -> None:
        if self.over:
            raise KeyboardInterrupt

    def ended(self, trial) -> None:
        self.row(
            trial.number, trial.state, max(trial.val_errors, default=0), trial.architecture,
            trial.val_error,
        )  # fmt: skip

    def row(self, number, state, epochs, network: Architecture, error) -> None:
        self._write(
            at_s=round(time.monotonic() - self._started, 2), trial=number, state=state,
            epochs=epochs, complexity=complexity(network), val_error=error,
            network=format_notation(network.stages),
        )  # fmt: skip


def ours(settings: Settings, pool: Pool, clock: Clock, path: Path) -> Architecture:
    """What `nas-tc search` does, its baselines included, and what it recommends."""
    with lock_study(path), open_study(path, settings.to_dict()) as study:
        queue_baselines(study, settings, parse_baselines("auto"), clock)
        driver = Driver(Session(study, path, pool, clock, Interrupts()), settings, 10**6)
        try:
            driver.run()
        except KeyboardInterrupt:
            stop(pool)
        record = record_of(study, path)
        assert record.recommendation is not None, "no network was trained to the end"
        return record.trial(record.recommendation.choice.number).architecture


def stop(pool: Pool) -> None:
    """Waits for what is still being trained, which counts no more."""
    while pool.busy:
        if answered := pool.next_result(1.0):
            pool.release(answered[0])


def with_optuna(
    sampler: optuna.samplers.BaseSampler,
    pruner: optuna.pruners.BasePruner,
    settings: Settings,
    pool: Pool,
    clock: Clock,
    path: Path,
) -> Architecture:
    """Optuna's ask and tell over the same workers; networks over the budget are not trained."""
    study = optuna.create_study(storage=f"sqlite:///{path}", sampler=sampler, pruner=pruner)
    choices = {g.name: CategoricalDistribution(g.choices) for g in settings.space.genes}
    running: dict[int, tuple[optuna.Trial, Architecture]] = {}
    best: tuple[float, Architecture] | None = None
    while not clock.over:
        while pool.idle and not clock.over:
            trial = study.ask(choices)
            network = settings.space.decode(trial.params)
            try:
                excess = complexity(network) - settings.limit.complexity
            except ArchitectureError:
                excess = settings.limit.complexity
            trial.set_constraint("complexity", float(excess))
            if excess > 0:
                study.tell(trial, state=TrialState.PRUNED)
                continue
            running[trial.number] = (trial, network)
            pool.begin(trial.number, network, training_seed(settings.seed, network))
        if not (answered := pool.next_result(1.0)):
            continue
        number, report = answered
        trial, network = running[number]
        if isinstance(report, FailedError) or report.rung is None:
            study.tell(trial, state=TrialState.PRUNED)
            epochs, error, state = 0, None, "pruned"
        else:
            epochs, error = report.rung.epoch, report.rung.val_error
            trial.report(error, epochs)
            if report.weights is not None:
                study.tell(trial, error)
                state = "complete"
                if best is None or error < best[0]:
                    best = error, network
            elif trial.should_prune():
                study.tell(trial, state=TrialState.PRUNED)
                state = "pruned"
            else:
                pool.advance(number)
                continue
        pool.release(number)
        del running[number]
        clock.row(number, state, epochs, network, error)
    stop(pool)
    assert best is not None, "no network was trained to the end"
    return best[1]


class EvenSampler(optuna.samplers.RandomSampler):
    """Draws until a network fits, as a user would write it."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(seed=settings.seed)
        self._settings, self._random = settings, np.random.default_rng(settings.seed)

    def infer_relative_search_space(self, study, trial):
        return {g.name: CategoricalDistribution(g.choices) for g in self._settings.space.genes}

    def sample_relative(self, study, trial, search_space):
        while True:
            values = {
                gene.name: gene.choices[self._random.integers(len(gene.choices))]
                for gene in self._settings.space.genes
            }
            try:
                if self._settings.limit.admits(complexity(self._settings.space.decode(values))):
                    return values
            except ArchitectureError:
                continue


def random(settings: Settings, pool: Pool, clock: Clock, path: Path) -> Architecture:
    pruner = optuna.pruners.MedianPruner(n_startup_trials=5)
    return with_optuna(EvenSampler(settings), pruner, settings, pool, clock, path)


def tpe(settings: Settings, pool: Pool, clock: Clock, path: Path) -> Architecture:
    sampler = optuna.samplers.TPESampler(seed=settings.seed, multivariate=True, constant_liar=True)
    pruner = optuna.pruners.HyperbandPruner(
        min_resource=settings.recipe.rungs[0], max_resource=settings.recipe.epochs
    )
    return with_optuna(sampler, pruner, settings, pool, clock, path)


METHODS = {"ours": ours, "random": random, "tpe": tpe}
