"""What a sampler does with 80 to 320 epochs of training in 4 x 10^7 networks, without training.

    python benchmarks/search_simulated.py --out results/search-simulated --before OTHER_CHECKOUT

Each seed has a landscape of its own (benchmarks/simulated_errors.py): the true error of every
network of `plain-32` within `alexnet*0.6`. A training of four epochs shows it with .6 points of
noise, after one and two epochs with more, both by its error and by its training loss; all methods
are pruned by `ParetoPruner` by the loss. Methods are compared after equal numbers of epochs.
*Regret* is the true error of the recommended network above the best one's, in percentage points:
ours recommends by its model, users of the others take the best observed. The diversity figures
are of the second stages that were proposed, and of how often the last 20 trials repeat a network or
have one and the same second stage.

`--before` runs the studies of *ours, before* by another version of nas-tc. Studies that are in the
CSV file are not run again.
"""

import argparse
import inspect
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution
from optuna.trial import TrialState
from search_summary import append, read
from simulated_errors import (
    EPOCHS,
    KINDS,
    RUNGS,
    SEED_NOISE,
    Encoding,
    Landscape,
    fits,
    plain_32,
    recorded,
)

from nas_tc.budget import parse_budget, resolve_budget
from nas_tc.cost import complexity
from nas_tc.sampler import ParetoPruner
from nas_tc.search.network_sampler import network_sampler
from nas_tc.space import Feasible, Space
from nas_tc.study import Tried, recommend

BUDGET = "alexnet*0.6"
CHECKPOINTS = (80, 160, 320)  # epochs; as many as 20, 40 and 80 whole trainings
READING = "train_losses"
LAST = 20  # trials that the diversity figures look at
FIELDS = (
    "method", "kind", "seed", "epochs", "trials", "complete", "regret", "stages",
    "commonest_of_last", "repeats_of_last", "ms_a_proposal",
)  # fmt: skip

# With --before: earlier versions of the model read pruned trials by their error alone.
READS = {"reading": READING} if "reading" in inspect.signature(network_sampler).parameters else {}
SPACE = plain_32()
LIMIT = resolve_budget(parse_budget(BUDGET), SPACE.input, SPACE.classes)


@cache
def choices(space: Space) -> dict[str, CategoricalDistribution]:
    """The choices of each gene, for Optuna."""
    return {gene.name: CategoricalDistribution(gene.choices) for gene in space.genes}


@cache
def feasible(space: Space, limit: int) -> Feasible:
    """The networks of a space that fit."""
    return Feasible(space, 0, limit)


class EvenSampler(optuna.samplers.RandomSampler):
    """Even draws among the networks that fit."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed=seed)
        self._random = np.random.default_rng(seed)

    def infer_relative_search_space(self, study, trial):
        return choices(SPACE)

    def sample_relative(self, study, trial, search_space):
        networks = feasible(SPACE, LIMIT.complexity)
        return networks.values(networks.draw(1, self._random))[0]


METHODS: dict[str, Callable[[int], optuna.samplers.BaseSampler]] = {
    "ours": lambda seed: network_sampler(SPACE, LIMIT, seed, **READS),
    "random": EvenSampler,
    "tpe": lambda seed: optuna.samplers.TPESampler(seed=seed, multivariate=True),
}


def run_study(
    method: str,
    sampler: optuna.samplers.BaseSampler,
    landscape: Landscape,
    seed: int,
    epochs: int,
    starts: Sequence[dict] = (),
) -> list[dict]:
    """One search; rows for the file.

    Args:
        method: Name of the method.
        sampler: Its sampler.
        landscape: True errors, and the limit.
        seed: Seed of the noise.
        epochs: Epochs of training, one of `CHECKPOINTS`.
        starts: Settings that are trained first.
    """
    study = optuna.create_study(sampler=sampler, pruner=ParetoPruner(reading=READING))
    for each in starts:
        study.enqueue_trial(each)
    random = np.random.default_rng([seed, 7])
    tried: list[tuple[dict, float | None]] = []  # settings and errors; None: stopped early
    space = landscape.space
    best = landscape.best(feasible(space, landscape.limit))
    checkpoints = [each for each in CHECKPOINTS if each <= epochs]
    rows: list[dict] = []
    seconds, spent = 0.0, 0
    while len(rows) < len(checkpoints):
        started = time.perf_counter()
        trial = study.ask(choices(space))
        seconds += time.perf_counter() - started
        exists = fits(space, trial.params, float("inf"))
        values = space.encode(space.decode(trial.params)) if exists else None
        if values is None or not fits(space, values, landscape.limit):
            trial.set_constraint("complexity", 1.0)
            study.tell(trial, state=TrialState.PRUNED)  # costs nothing
            continue
        trial.set_constraint("complexity", -1.0)
        error, many = train(study, trial, values, landscape, tried, random)
        tried.append((values, error))
        spent += many
        while len(rows) < len(checkpoints) and spent >= checkpoints[len(rows)]:
            found = landscape.error(chosen(method, tried, landscape))
            rows.append(
                {
                    "method": method, "kind": landscape.kind, "seed": seed,
                    "epochs": checkpoints[len(rows)], "trials": len(tried),
                    "complete": sum(each is not None for _, each in tried),
                    "regret": round(100 * (found - best), 3),
                    **diversity(tried), "ms_a_proposal": round(1000 * seconds / len(tried), 1),
                }
            )  # fmt: skip
    return rows


def train(
    study: optuna.Study,
    trial: optuna.Trial,
    values: dict,
    landscape: Landscape,
    tried: list[tuple[dict, float | None]],
    random: np.random.Generator,
) -> tuple[float | None, int]:
    """Trains a network rung by rung; the error in the end, None if it was stopped, and epochs."""
    truth = landscape.error(values)
    trial.set_user_attr("complexity", complexity(landscape.space.decode(values)))
    is_repeat = any(values == other and error is not None for other, error in tried)
    losses = {}
    for epoch, (excess, deviation, of_loss) in RUNGS.items():
        losses[str(epoch)] = truth + of_loss * random.normal()
        trial.set_user_attr(READING, dict(losses))
        trial.report(truth + excess + deviation * random.normal(), epoch)
        if trial.should_prune() and not is_repeat:  # a second look is seen through
            study.tell(trial, state=TrialState.PRUNED)
            return None, epoch
    error = float(truth + SEED_NOISE * random.normal())
    study.tell(trial, error)
    return error, EPOCHS


def chosen(method: str, tried: list[tuple[dict, float | None]], landscape: Landscape) -> dict:
    """The network that a user is told to take."""
    space = landscape.space
    ended = [
        Tried(number, values, complexity(space.decode(values)), error)
        for number, (values, error) in enumerate(tried)
        if error is not None
    ]
    if method.startswith("ours"):
        return dict(recommend(ended, choices(space), landscape.limit).choice.params)
    return dict(min(ended, key=lambda each: each.error).params)


def diversity(tried: list[tuple[dict, float | None]]) -> dict:
    """How unlike one another the proposals are."""
    stages = [
        tuple(sorted((n, v) for n, v in values.items() if n.startswith("stage2.")))
        for values, _ in tried
    ]
    keys = [tuple(values.values()) for values, _ in tried]
    begin = max(0, len(tried) - LAST)
    return {
        "stages": len(set(stages)),
        "commonest_of_last": Counter(stages[begin:]).most_common(1)[0][1],
        "repeats_of_last": sum(keys[n] in keys[:n] for n in range(begin, len(keys))),
    }


def run(path: Path, methods: list[str], seeds: range, epochs: int, label: str) -> None:
    """Runs what is not in the file yet and appends it, study by study."""
    done = {(r["method"], int(r["seed"])) for r in read(path) if int(r["epochs"]) >= epochs}
    path.parent.mkdir(parents=True, exist_ok=True)
    encoding = Encoding(SPACE)
    data = recorded(encoding)
    for seed in seeds:
        names = [name for name in methods if (name + label, seed) not in done]
        if not names:
            continue
        kind = KINDS[seed % len(KINDS)]
        landscape = Landscape(kind, seed, encoding, data, LIMIT.complexity)
        for name in names:
            rows = run_study(name, METHODS[name](seed), landscape, seed, epochs)
            append(path, FIELDS, [{**row, "method": name + label} for row in rows])


def summary(rows: list[dict]) -> list[str]:
    """A Markdown table: regret with its 95 % interval, and the diversity figures."""
    lines = [
        "| method | epochs | studies | regret | second stages | commonest of last 20 | "
        "repeats in last 20 | ms a proposal |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    groups: dict[tuple[int, str], list[dict]] = {}
    for row in rows:
        groups.setdefault((int(row["epochs"]), row["method"]), []).append(row)
    for (epochs, method), found in sorted(groups.items()):
        regrets = np.array([float(row["regret"]) for row in found])
        half = 1.96 * regrets.std(ddof=1) / np.sqrt(len(regrets)) if len(regrets) > 1 else np.nan
        means = [np.mean([float(row[name]) for row in found]) for name in FIELDS[7:]]
        lines.append(
            f"| {method} | {epochs} | {len(found)} | {regrets.mean():.2f} ± {half:.2f} | "
            + " | ".join(f"{mean:.1f}" for mean in means)
            + " |"
        )
    return lines


def paired(rows: list[dict]) -> list[str]:
    """How far each method is from ours on the same landscapes, with 95 % intervals."""
    found = {(r["method"], r["seed"], int(r["epochs"])): float(r["regret"]) for r in rows}
    lines = []
    for method in sorted({row["method"] for row in rows} - {"ours"}):
        for epochs in CHECKPOINTS:
            gaps = np.array(
                [
                    value - found["ours", seed, epochs]
                    for (name, seed, many), value in found.items()
                    if name == method and many == epochs and ("ours", seed, epochs) in found
                ]
            )
            if len(gaps) > 1:
                half = 1.96 * gaps.std(ddof=1) / np.sqrt(len(gaps))
                lines.append(
                    f"{method} minus ours after {epochs} epochs: {gaps.mean():+.2f} ± {half:.2f} "
                    f"points ({len(gaps)} landscapes)"
                )
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--seeds", type=int, default=24)
    parser.add_argument("--first-seed", type=int, default=100)
    parser.add_argument("--epochs", type=int, default=320)
    parser.add_argument("--out", type=Path, default=Path("results/search-simulated"))
    parser.add_argument("--before", type=Path, help="a checkout of another version of nas-tc")
    parser.add_argument("--label", default="", help="what to add to the methods' names")
    options = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    path = options.out / "studies.csv"
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    if options.before:
        again = [each for each in sys.argv[1:] if each not in ("--before", str(options.before))]
        command = [sys.executable, __file__, *again, "--methods", "ours", "--label", ", before"]
        environment = {**os.environ, "PYTHONPATH": str(options.before.resolve())}
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    run(path, options.methods, seeds, options.epochs, options.label)
    lines = [*summary(read(path)), "", *paired(read(path))]
    print("\n".join(lines))
    (options.out / "summary.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
