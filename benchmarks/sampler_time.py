"""What a proposal costs: the search's own sampler beside Optuna's, on studies of many trials.

    python benchmarks/sampler_time.py

Networks of `plain-32` within `alexnet*0.6`; the studies are filled with finished trials whose
errors are made up (depth and width help, and noise), then each sampler is asked for proposals, in
turns. A proposal is told, as in a search, so that nothing is asked twice for the same study. The
last line is JSON: milliseconds a proposal, the median, on the wall and of the processor.
"""

import argparse
import json
import math
import os
import statistics
import time

import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution

from nas_tc.budget import parse_budget, resolve_budget
from nas_tc.cost import complexity
from nas_tc.search.network_sampler import network_sampler
from nas_tc.space import Feasible, load_space


def error_of(network, random) -> float:
    """Made up: falls with the cost and the depth, 0.5 points of noise."""
    return (
        0.9
        - 0.03 * math.log2(complexity(network)) / 2
        - 0.005 * network.depth
        + (random.normal(0, 0.005))
    )


def filled(space, limit, distributions, trials: int) -> optuna.Study:
    """A study in memory with so many finished trials, drawn evenly."""
    random = np.random.default_rng(0)
    study = optuna.create_study()
    feasible = Feasible(space, 0, limit.complexity)
    done = [
        optuna.trial.create_trial(
            params=dict(genes),
            distributions=distributions,
            value=error_of(space.decode(genes), random),
        )
        for genes in feasible.values(feasible.draw(trials, random))
    ]
    study.add_trials(done)
    return study


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, nargs="+", default=[100, 1000, 5000])
    parser.add_argument("--proposals", type=int, default=20)
    args = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    space = load_space("plain-32").at((3, 32, 32), 10)
    limit = resolve_budget(parse_budget("alexnet*0.6"), (3, 32, 32), 10)
    distributions = {gene.name: CategoricalDistribution(gene.choices) for gene in space.genes}
    samplers = {
        "ours": lambda: network_sampler(space, limit, 0),
        "tpe, multivariate": lambda: optuna.samplers.TPESampler(seed=0, multivariate=True),
        "nsga2": lambda: optuna.samplers.NSGAIISampler(seed=0),
    }
    print(f"load {os.getloadavg()[0]:.1f}; milliseconds a proposal, median of {args.proposals}")
    found = {}
    for trials in args.trials:
        studies = {name: filled(space, limit, distributions, trials) for name in samplers}
        for name, study in studies.items():
            study.sampler = samplers[name]()
            study.ask(distributions)  # what is computed once, beside
        taken = {name: ([], []) for name in samplers}
        for _ in range(args.proposals):
            for name, study in studies.items():
                wall, processor = time.perf_counter(), time.process_time()
                trial = study.ask(distributions)
                taken[name][0].append(1e3 * (time.perf_counter() - wall))
                taken[name][1].append(1e3 * (time.process_time() - processor))
                study.tell(trial, 0.5)
        for name, (walls, processors) in taken.items():
            wall, processor = statistics.median(walls), statistics.median(processors)
            found[f"{name} at {trials}"] = {
                "wall_ms": round(wall, 1),
                "cpu_ms": round(processor, 1),
            }
            print(f"{trials:>6} trials, {name}: {wall:.1f} ms, processor {processor:.1f} ms",
                  flush=True)  # fmt: skip
    print(json.dumps(found))


if __name__ == "__main__":
    main()
