"""Candidates a second of the driver: trainings that take no time, and all else as in a search.

    python benchmarks/driver.py
    python benchmarks/driver.py --trials 10000 --profile 30

Networks of `plain-32` within `alexnet*0.6`, two workers that answer at once with errors that are
made up, three rungs a training, weights of 4 kB. The studies are filled with so many finished
trials; then the driver asks, reports, prunes, writes weights and tells, as it does in a search.
Beside it is plain Optuna on the same storage: ask (random sampler), three reports with a look at
the median pruner, tell. What is done before the first proposal, which reads all trials, counts as
the resume, for both. Seconds are those of the processor, since other programs may run.
The last line is JSON.
"""

import argparse
import cProfile
import json
import math
import os
import pstats
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from hashlib import blake2b
from pathlib import Path

import optuna
from optuna.distributions import CategoricalDistribution
from optuna.trial import TrialState, create_trial

from nas_tc.budget import parse_budget, resolve_budget
from nas_tc.cost import complexity, network_cost
from nas_tc.data import load_data
from nas_tc.experience import experience_for
from nas_tc.metric import Metric
from nas_tc.recipe import load_recipe
from nas_tc.search import NullListener
from nas_tc.search.driver import Driver
from nas_tc.search.session import Session
from nas_tc.search.settings import Settings
from nas_tc.space import Feasible, load_space
from nas_tc.study import read_study
from nas_tc.study.rows import insert_trial
from nas_tc.study.storage import lock_study, open_study
from nas_tc.training import Rung
from nas_tc.worker import TrainingResult

RECIPE = load_recipe("quick")
WEIGHTS = b"\0" * 4096
WORKERS = 2


class Workers:
    """Workers that answer at once, in the order in which they were asked."""

    metric = Metric.ERROR
    size = WORKERS

    def __init__(self):
        self.idle, self._jobs, self._asked = WORKERS, {}, []
        self.began_s = None  # wall and processor, when the first network came

    @property
    def busy(self):
        return len(self._jobs)

    def begin(self, key, architecture, seed, *_):
        if self.began_s is None:
            self.began_s = time.perf_counter(), time.process_time()
        self.idle -= 1
        self._jobs[key] = (architecture, seed, iter(RECIPE.rungs))
        self._asked.append(key)

    def advance(self, key):
        self._asked.append(key)

    def release(self, key):
        del self._jobs[key]
        self.idle += 1

    def next_result(self, timeout_s):
        key = self._asked.pop(0)
        network, seed, rungs = self._jobs[key]
        epoch = next(rungs)
        error = error_of(network, seed, epoch)
        weights = WEIGHTS if epoch == RECIPE.epochs else None
        return key, TrainingResult(Rung(epoch, error, 20.0 * epoch, 0.5, 3 * error), weights)


class NoStop:
    """Nobody presses Ctrl-C."""

    def check(self):
        """Goes on."""


def error_of(network, seed, epoch) -> float:
    """Made up: falls with the cost, the depth and the epochs; half a point of luck."""
    digest = blake2b(f"{network.id} {seed}".encode(), digest_size=4).digest()
    luck = int.from_bytes(digest) / 2**32 - 0.5
    final = 0.9 - 0.015 * math.log2(complexity(network)) - 0.005 * network.depth
    return final + 0.3 / epoch + 0.01 * luck


def settings_of(budget: str) -> Settings:
    """The settings of the search."""
    data = load_data("digits", side=(32, 32))
    space = load_space("plain-32").at(data.shape, 10)
    limit = resolve_budget(parse_budget(budget), data.shape)
    return Settings(space, limit, data, RECIPE, seed=0, experience=experience_for(space))


def finished(settings: Settings, trials: int) -> list:
    """Finished trials: even draws, of which the worse two thirds were pruned at the first rung."""
    import numpy as np

    space = settings.space
    distributions = {gene.name: CategoricalDistribution(gene.choices) for gene in space.genes}
    feasible = Feasible(space, 0, settings.limit.complexity)
    start = datetime(2026, 1, 1)
    done = []
    bar = 1.0
    drawn = feasible.draw(trials, np.random.default_rng(0)) if trials else ()
    for number, genes in enumerate(feasible.values(drawn) if trials else ()):
        network = space.decode(genes)
        cost = network_cost(network)
        errors = {epoch: error_of(network, number, epoch) for epoch in RECIPE.rungs}
        first = RECIPE.rungs[0]
        is_pruned = number > 20 and errors[first] > bar
        bar += 0.01 * (2 * is_pruned - 1 - 1 / 3)  # two thirds are above it
        kept = {first: errors[first]} if is_pruned else errors
        begun = start + timedelta(seconds=30 * number)
        trial = create_trial(
            state=TrialState.PRUNED if is_pruned else TrialState.COMPLETE,
            value=list(kept.values())[-1],
            params=dict(genes),
            distributions=distributions,
            intermediate_values=kept,
            user_attrs={
                "complexity": cost.complexity,
                "params": cost.params,
                "architecture": network.to_dict(),
                "train_losses": {str(epoch): 3 * error for epoch, error in kept.items()},
                "validation_s": 0.5,
                "train_s": 20.0 * max(kept),
            },
        )
        trial.datetime_start, trial.datetime_complete = begun, begun + timedelta(seconds=60)
        done.append(trial)
    return done


def fill(path: Path, trials: list) -> None:
    """Writes trials into a study file, quicker than Optuna does."""
    with closing(sqlite3.connect(path)) as database:
        for number, trial in enumerate(trials):
            insert_trial(database, number, trial)
        database.commit()


def memory_mb() -> float:
    """Most memory of this process so far, MB; that of `getrusage` counts its parent's, too."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


@contextmanager
def profiled(lines: int) -> Iterator[None]:
    """Prints the most expensive functions of what runs inside; none for 0 lines."""
    if not lines:
        yield
        return
    with cProfile.Profile(time.process_time) as profiler:
        yield
    pstats.Stats(profiler, stream=sys.stderr).sort_stats("cumulative").print_stats(lines)


def drive(path: Path, settings: Settings, goal: int, profile: int) -> dict:
    """The driver trains up to `goal` trials; figures of what it took."""
    imported_mb = memory_mb()
    began = time.process_time()
    with lock_study(path), open_study(path, settings.to_dict()) as study:
        workers = Workers()
        session = Session(study, path, workers, NullListener(), NoStop())
        with profiled(profile):
            Driver(session, settings, goal).run()
            ended_s = time.perf_counter(), time.process_time()
    wall_s, processor_s = workers.began_s
    return {
        "resume_s": round(processor_s - began, 2),
        "cpu_s": round(ended_s[1] - processor_s, 2),
        "wall_s": round(ended_s[0] - wall_s, 2),
        "imported_mb": round(imported_mb),
        "memory_mb": round(memory_mb()),
    }


def plain(path: Path, settings: Settings, candidates: int) -> dict:
    """Plain Optuna on the same storage: ask, report, look at the pruner, tell."""
    storage = optuna.storages.RDBStorage(f"sqlite:///{path}")
    study = optuna.load_study(
        study_name="nas-tc",
        storage=storage,
        sampler=optuna.samplers.RandomSampler(0),
        pruner=optuna.pruners.MedianPruner(),
    )
    distributions = {
        gene.name: CategoricalDistribution(gene.choices) for gene in settings.space.genes
    }
    study.ask(distributions)  # reads all trials once
    processor = time.process_time()
    for _ in range(candidates):
        trial = study.ask(distributions)
        for epoch in RECIPE.rungs:
            trial.report(0.5 + 0.3 / epoch, epoch)
            trial.should_prune()
        study.tell(trial, 0.5)
    processor = time.process_time() - processor
    return {"cpu_s": round(processor, 2), "memory_mb": round(memory_mb())}


def report(path: Path, profile: int) -> dict:
    """Reads the study and writes its report."""
    from nas_tc.report import write_report

    processor = time.process_time()
    record = read_study(path)
    read_s = time.process_time() - processor
    with tempfile.TemporaryDirectory() as folder, profiled(profile):
        write_report(record, Path(folder))
        taken = time.process_time() - processor
    return {
        "read_s": round(read_s, 2),
        "report_s": round(taken, 2),
        "memory_mb": round(memory_mb()),
    }


def part(args) -> None:
    """One measurement, in a process of its own; prints a line of JSON."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    settings = settings_of(args.budget)
    path = Path(args.study)
    done = args.trials[0]
    if args.part == "fill":
        with open_study(path, settings.to_dict()):
            pass
        fill(path, finished(settings, done))
        found = {}
    elif args.part == "driver":
        found = drive(path, settings, done + args.candidates, args.profile)
    elif args.part == "optuna":
        found = plain(path, settings, args.candidates)
    else:
        found = report(path, args.profile)
    print(json.dumps(found))


def run_part(name: str, path: Path, trials: int, args) -> dict:
    """Runs this program for one measurement."""
    command = [
        sys.executable, __file__, "--part", name, "--study", str(path), "--trials", str(trials),
        "--candidates", str(args.candidates), "--budget", args.budget,
        "--profile", str(args.profile),
    ]  # fmt: skip
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(out.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, nargs="+", default=[0, 10_000])
    parser.add_argument("--candidates", type=int, default=100)
    parser.add_argument("--budget", default="alexnet*0.6")
    parser.add_argument("--profile", type=int, default=0, help="lines of the driver's profile")
    parser.add_argument("--part", help="one measurement alone")
    parser.add_argument("--study", help="its study file")
    args = parser.parse_args()
    if args.part:
        part(args)
        return
    print(f"load {os.getloadavg()[0]:.1f}; seconds are of the processor", flush=True)
    figures = {}
    for trials in args.trials:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "study.db"
            other = Path(folder) / "plain.db"
            for each in (path, other):
                run_part("fill", each, trials, args)
            found = {
                name: run_part(name, place, trials, args)
                for name, place in (("driver", path), ("optuna", other), ("report", path))
            }
        for name in ("driver", "optuna"):
            rate = (args.candidates - (name == "driver")) / found[name]["cpu_s"]
            found[name]["candidates_a_second"] = round(rate, 1)
            print(f"{trials:>6} trials, {name}: {rate:.1f} candidates a second, "
                  f"{found[name]['memory_mb']} MB", flush=True)  # fmt: skip
        print(f"{trials:>6} trials: resume {found['driver']['resume_s']} s, "
              f"report {found['report']['report_s']} s", flush=True)  # fmt: skip
        figures[trials] = found
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
