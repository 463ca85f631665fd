"""How good is the network that a search recommends, after how many trainings?

On NAS-Bench-Macro, a table in which all 3,969 networks of a space were trained three times: the
accuracy of one of the three is what a search observes, their mean is the truth. Every method has
the same limit on the multiply-adds, sees the same observations, and may train the same number of
times; what is over the limit, and a network that a method asks for twice, cost nothing. Ours may
train a network again on purpose, with another seed; that counts as a training. A method's users
would take the best that they have observed; ours recommends by its model (`recommend`), and is
given with the best observed too.

    python benchmarks/search_quality.py --table nas_bench_macro.csv --methods random tpe ...
    python benchmarks/search_quality.py --table nas_bench_macro.csv --quick

Studies that are already in the CSV file with as many trainings are not run again, so it may be
stopped and run on.
"""

import argparse
import contextlib
import itertools
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import optuna
from nas_bench_macro import (
    DISTRIBUTIONS,
    NAMES,
    Done,
    Problem,
    Table,
    canonical,
    code_of,
    hypervolume,
    params_of,
    regret,
)
from quality_report import read, summary, write_plot, write_tables
from search_summary import append

from nas_tc.sampler import BudgetSampler
from nas_tc.study import Tried, recommend

LIMITS = (0.4, 0.6, 0.8)
CHECKPOINTS = (10, 25, 50, 75, 100, 150, 200, 300, 400)
FIRST_SEED = 100  # those before were used to choose our settings
FIELDS = (
    "method",
    "limit",
    "seed",
    "trainings",
    "regret",
    "regret_of_best_observed",
    "hypervolume",
    "seconds_a_training",
)


def random_search(problem: Problem) -> None:
    random = np.random.default_rng([problem.seed, 2])
    while True:
        code = "".join(map(str, random.integers(3, size=len(NAMES))))
        if problem.fits(code):
            problem.proposed()
            problem.observe(code)


def regularised_evolution(problem: Problem) -> None:
    """Real et al. (2019): population 20, sample 10, the oldest dies; affordable children only."""
    random = np.random.default_rng([problem.seed, 3])
    population: deque[tuple[float, str]] = deque()
    while True:
        if len(population) < 20:
            code = "".join(map(str, random.integers(3, size=len(NAMES))))
        else:
            sample = random.choice(len(population), 10, replace=False)
            _, parent = min(population[k] for k in sample)
            place = random.integers(len(NAMES))
            other = str((int(parent[place]) + random.integers(1, 3)) % 3)
            code = parent[:place] + other + parent[place + 1 :]
        if not problem.fits(code):
            continue
        problem.proposed()
        population.append((problem.observe(code), code))
        if len(population) > 20:
            population.popleft()


def with_optuna(sampler: Callable[[int], optuna.samplers.BaseSampler]) -> Callable:
    def run(problem: Problem) -> None:
        study = optuna.create_study(sampler=sampler(problem.seed))
        study.optimize(problem.objective, n_trials=None)

    return run


def ours(problem: Problem, *, repeats: bool = True) -> None:
    """`BudgetSampler`; the network that a code stands for is its canonical setting."""
    sampler = BudgetSampler(
        dict(DISTRIBUTIONS),
        problem.cost,
        problem.limit,
        seed=problem.seed,
        canonical=lambda params: params_of(canonical(code_of(params))),
        repeats=repeats,
    )
    study = optuna.create_study(sampler=sampler)
    while sampler.has_next(study):
        trial = study.ask(DISTRIBUTIONS)
        study.tell(trial, problem.train(code_of(trial.params)))


METHODS: dict[str, Callable[[Problem], None]] = {
    "ours": ours,
    "ours, no repeats": partial(ours, repeats=False),
    "random": random_search,
    "evolution": regularised_evolution,
    "tpe": with_optuna(lambda seed: optuna.samplers.TPESampler(seed=seed)),
    "nsga2": with_optuna(lambda seed: optuna.samplers.NSGAIISampler(seed=seed)),
    "gp": with_optuna(lambda seed: optuna.samplers.GPSampler(seed=seed)),
}


def run_study(method: str, problem: Problem) -> list[dict]:
    started = time.perf_counter()
    with contextlib.suppress(Done):
        METHODS[method](problem)
    seconds = (time.perf_counter() - started) / max(1, len(problem.trained))
    rows = []
    for trainings in (n for n in CHECKPOINTS if n <= problem.trainings):
        trained = problem.trained[:trainings]
        best, _ = min(trained, key=lambda each: each[1])
        rows.append(
            {
                "method": method,
                "limit": problem.share,
                "seed": problem.seed,
                "trainings": trainings,
                "regret": round(regret(problem, recommended(method, problem, trained) or best), 4),
                "regret_of_best_observed": round(regret(problem, best), 4),
                "hypervolume": round(hypervolume(problem, mean_errors(trained)), 5),
                "seconds_a_training": round(seconds, 4),
            }
        )
    return rows


def mean_errors(trained: list[tuple[str, float]]) -> dict[str, float]:
    """Of each network, in the order in which they were trained first."""
    errors: dict[str, list[float]] = {}
    for network, error in trained:
        errors.setdefault(network, []).append(error)
    return {network: float(np.mean(each)) for network, each in errors.items()}


def recommended(method: str, problem: Problem, trained: list[tuple[str, float]]) -> str | None:
    """What ours recommends after these trainings; None for the others: the best observed."""
    if not method.startswith("ours"):
        return None
    tried = [
        Tried(number, params_of(code), problem.table.macs[code], error)
        for number, (code, error) in enumerate(trained)
    ]
    return trained[recommend(tried, DISTRIBUTIONS, problem.limit).choice.number][0]


def run(table: Table, path: Path, methods: list[str], limits, seeds, trainings: int) -> None:
    """Runs what is not in the file yet and appends it, study by study."""
    last = str(max(n for n in CHECKPOINTS if n <= trainings))
    done = {
        (row["method"], float(row["limit"]), int(row["seed"]))
        for row in read(path)
        if row["trainings"] == last
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    for seed, limit, method in itertools.product(seeds, limits, methods):
        if (method, limit, seed) in done:
            continue
        rows = run_study(method, Problem(table, limit, seed, trainings))
        append(path, FIELDS, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--table", type=Path, required=True, help="nas_bench_macro.csv")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--limits", nargs="+", type=float, default=list(LIMITS))
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)
    parser.add_argument("--trainings", type=int, default=400)
    parser.add_argument("--quick", action="store_true", help="three seeds, 50 trainings, limit 0.6")
    parser.add_argument("--out", type=Path, default=Path("results/search-quality"))
    options = parser.parse_args()
    if options.quick:
        options.seeds, options.trainings, options.limits = 3, 50, [0.6]
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    table = Table(options.table)
    file = options.out / ("quick.csv" if options.quick else "studies.csv")
    run(table, file, options.methods, options.limits, seeds, options.trainings)
    lines = summary(read(file))
    if options.quick:
        for line in lines:
            print(line)
        return
    write_tables(lines, options.out)
    write_plot(
        lines, "regret", "regret, percentage points", options.out / "regret.png", list(METHODS)
    )
    write_plot(
        lines, "hypervolume", "share of hypervolume", options.out / "hypervolume.png", list(METHODS)
    )


if __name__ == "__main__":
    main()
