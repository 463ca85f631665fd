"""Searches on real training, equal wall time for each: ours and what users would pick instead.

    python benchmarks/search_training.py --data parquet:DIR --out results/search-training

The networks of `plain-32` at `alexnet*0.6`, few images, the same recipe, images, workers and
rungs for all:

- ours: the sampler and pruner of `nas-tc search`;
- random: even draws among the networks that fit, Optuna's MedianPruner;
- tpe: Optuna's TPE with the budget as its constraint, Optuna's HyperbandPruner.

Methods take turns, seed by seed, so that a machine that drifts is unfair to none. What each
recommends (ours: its recommendation; the others: the least validation error) is then trained again
with `--reruns` other seeds, whose mean error is what the method found. It goes on where it was
stopped; the last line is JSON.
"""

import argparse
import csv
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from statistics import fmean, stdev

import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution
from optuna.trial import TrialState
from pruning import hypervolume

from nas_tc.architecture import Architecture, format_notation
from nas_tc.budget import parse_budget, resolve_budget
from nas_tc.cost import complexity
from nas_tc.data import load_data
from nas_tc.errors import ArchitectureError
from nas_tc.search import recommend_network
from nas_tc.search.driver import Driver
from nas_tc.search.interrupt import Interrupts
from nas_tc.search.pool import FailedError, Pool
from nas_tc.search.records import record_of
from nas_tc.search.settings import Settings
from nas_tc.search.storage import lock_study, open_study
from nas_tc.search.worker import training_seed
from nas_tc.space import load_space
from nas_tc.training import load_recipe

FIELDS = ("method", "seed", "at_s", "trial", "state", "epochs", "complexity", "val_error",
          "network")  # fmt: skip


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
    """The project's own driver, and what it recommends."""
    with lock_study(path), open_study(path, settings.to_dict()) as study:
        driver = Driver(study, path, settings, pool, 10**6, clock, Interrupts())
        try:
            driver.run()
        except KeyboardInterrupt:
            stop(pool)
        record = record_of(study, path)
        chosen = recommend_network(record.trials).choice
        return record.trial(chosen.number).architecture


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


def again(network: Architecture, pool: Pool, seeds: range) -> Iterator[tuple[float, float]]:
    """Validation and test error of a network, trained once a seed."""
    waiting = list(seeds)
    errors: dict[int, float] = {}
    open_, weights = len(waiting), []
    while open_:
        while pool.idle and (waiting or weights):
            if weights:
                seed, state = weights.pop()
                pool.test(("test", seed), network, state)
            else:
                seed = waiting.pop()
                pool.begin(("train", seed), network, training_seed(10_000 + seed, network))
        if not (answered := pool.next_result(1.0)):
            continue
        key, answer = answered
        kind, seed = key
        if kind == "train" and answer.weights is None:
            pool.advance(key)
            continue
        pool.release(key)
        if kind == "train":
            errors[seed] = answer.rung.val_error
            weights.append((seed, answer.weights))
        else:
            open_ -= 1
            yield errors[seed], answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", type=Path, default=Path("results/local/search-training"))
    parser.add_argument("--seconds", type=float, default=240.0, help="for each search")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--reruns", type=int, default=6)
    parser.add_argument("--train-images", type=int, default=4000)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="a minute for each search, one seed")
    args = parser.parse_args()
    if args.quick:
        args.seconds, args.seeds, args.reruns = 45.0, 1, 2
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    args.out.mkdir(parents=True, exist_ok=True)
    trials_file, found_file = args.out / "trials.csv", args.out / "found.csv"

    data = load_data(args.data, side=(32, 32), train_images=args.train_images)
    space = load_space("plain-32").at(data.shape, len(data.classes))
    limit = resolve_budget(parse_budget("alexnet*0.6"), data.shape, len(data.classes))
    recipe = replace(
        load_recipe("quick", epochs=args.epochs), margin=0, augment=tuple(sorted(data.augment))
    )
    print(data.summary(), f"budget: {limit}", sep="\n", flush=True)
    done = {(row["method"], int(row["seed"])) for row in read(found_file)}
    with Pool(data, recipe, device="cpu", workers=args.workers) as pool:
        for seed in range(args.seeds):
            settings = Settings(space, limit, data, recipe, seed)
            for method, search in METHODS.items():
                if (method, seed) in done:
                    continue
                rows: list[dict[str, object]] = []

                def write(rows=rows, method=method, seed=seed, **row: object) -> None:
                    rows.append({"method": method, "seed": seed, **row})

                with tempfile.TemporaryDirectory() as folder:
                    warm(pool, space.decode(settings_first(space)))
                    clock = Clock(args.seconds, write)
                    network = search(settings, pool, clock, Path(folder) / "study.db")
                append(trials_file, FIELDS, rows)
                errors = list(again(network, pool, range(args.reruns)))
                summary = found(method, seed, network, rows, errors)
                append(found_file, tuple(summary), [summary])
                print(json.dumps(summary), flush=True)
    summarise(args.out)


def settings_first(space) -> dict[str, object]:
    return {gene.name: gene.choices[0] for gene in space.genes}


def warm(pool: Pool, network: Architecture) -> None:
    """Waits until every worker has its images: no search pays for that."""
    count = pool.idle
    for number in range(count):
        pool.begin(("warm", number), network, 0)
    while count:
        if answered := pool.next_result(1.0):
            pool.release(answered[0])
            count -= 1


def found(method, seed, network, rows, errors) -> dict[str, object]:
    """What one search found, and what it spent."""
    states = [row["state"] for row in rows]
    val, test = [v for v, _ in errors], [t for _, t in errors]
    return {
        "method": method, "seed": seed, "finished": states.count("complete"),
        "pruned": states.count("pruned"), "epochs": sum(int(r["epochs"]) for r in rows),
        "best_observed": min(r["val_error"] for r in rows if r["state"] == "complete"),
        "val_error": round(fmean(val), 5), "test_error": round(fmean(test), 5),
        "test_error_sd": round(stdev(test), 5) if len(test) > 1 else None,
        "complexity": complexity(network), "network": format_notation(network.stages),
    }  # fmt: skip


def summarise(out: Path) -> None:
    """Means over seeds, the hypervolume over time as a picture, a last line of JSON."""
    rows = read(out / "found.csv")
    summary = {}
    for method in dict.fromkeys(row["method"] for row in rows):
        own = [row for row in rows if row["method"] == method]
        mean = {
            key: fmean(float(row[key]) for row in own)
            for key in ("finished", "pruned", "epochs", "best_observed", "val_error", "test_error")
        }
        summary[method] = {"seeds": len(own), **{k: round(v, 4) for k, v in mean.items()}}
        print(method, summary[method])
    draw(out)
    print(json.dumps(summary))


def draw(out: Path) -> None:
    from matplotlib.figure import Figure

    rows = [row for row in read(out / "trials.csv") if row["state"] == "complete"]
    most = max(int(row["complexity"]) for row in rows)
    end = max(float(row["at_s"]) for row in rows)
    times = np.linspace(0, end, 200)
    figure = Figure(figsize=(8, 5), dpi=150, layout="constrained")
    axes = figure.add_subplot()
    for method in dict.fromkeys(row["method"] for row in rows):
        own = [row for row in rows if row["method"] == method]
        curves = []
        for seed in {row["seed"] for row in own}:
            trials = [row for row in own if row["seed"] == seed]
            curves.append([
                hypervolume([
                    (int(r["complexity"]), float(r["val_error"]))
                    for r in trials if float(r["at_s"]) <= at
                ], most)
                for at in times
            ])  # fmt: skip
        axes.plot(times, np.mean(curves, axis=0), label=f"{method} ({len(curves)} seeds)")
        axes.fill_between(times, np.min(curves, axis=0), np.max(curves, axis=0), alpha=0.15)
    axes.set_xlabel("wall time of the search, s")
    axes.set_ylabel("hypervolume of error and multiply-adds")
    axes.legend(frameon=False)
    axes.grid(visible=True, color="#e5e8eb")
    figure.savefig(out / "hypervolume.png")


def read(file: Path) -> list[dict[str, str]]:
    if not file.exists():
        return []
    with file.open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def append(file: Path, fields: tuple[str, ...], rows: list[dict[str, object]]) -> None:
    new = not file.exists()
    with file.open("a", newline="", encoding="utf-8") as lines:
        writer = csv.DictWriter(lines, fields)
        if new:
            writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
