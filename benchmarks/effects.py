"""Do the intervals of a report's effects contain the truth? Errors are made by a formula.

Each study has trials of `plain-32` whose error falls with the multiply-adds and by two points with
each layer of stage 2, and nothing else. Prints how many intervals contain the true effect: by the
regression of the report, and by the expectations of the surrogate alone.
"""

import argparse
import json
from dataclasses import dataclass
from math import log2, sqrt

import numpy as np
from optuna.distributions import CategoricalDistribution

from nas_tc.budget import parse_budget, resolve_budget
from nas_tc.cost import complexity
from nas_tc.report.effect_model import EffectModel
from nas_tc.sampler.candidates import Candidates, features_of
from nas_tc.sampler.surrogate import Sample, Surrogate
from nas_tc.space import Feasible, load_space

TRUE = -2.0  # points a layer in stage 2


@dataclass
class Tally:
    """Intervals so far."""

    all: int = 0
    contain: int = 0
    estimates: tuple = ()
    of_effect: int = 0


def main():
    """A line of JSON for each number of trials and each noise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=12)
    options = parser.parse_args()
    space = load_space("plain-32").at((1, 32, 32), 10)
    most = resolve_budget(parse_budget("alexnet*0.6"), (1, 32, 32)).complexity
    feasible = Feasible(space, most // 20, most)
    for trials in (30, 90):
        for noise in (0.002, 0.01, 0.025):
            tallies = {"regression": Tally(), "surrogate": Tally()}
            for seed in range(options.studies):
                random = np.random.default_rng((seed, trials))
                genes = [dict(each) for each in feasible.values(feasible.draw(trials, random))]
                trained = [
                    (each, error_of(space, each) + random.normal(0, noise)) for each in genes
                ]
                judge(space, most, trained, tallies)
            for name, tally in tallies.items():
                print(
                    json.dumps(
                        {
                            "by": name, "trials": trials, "noise_points": 100 * noise,
                            "intervals": tally.all,
                            "contain_the_truth": round(tally.contain / tally.all, 3),
                            "effect_found": round(float(np.mean(tally.estimates)), 2),
                            "effect_contained": round(tally.of_effect / len(tally.estimates), 3),
                        }
                    ),
                    flush=True,
                )  # fmt: skip


def error_of(space, genes):
    """The true error of a network."""
    network = space.decode(genes)
    return 0.5 - 0.02 * log2(complexity(network) / 1e5) + TRUE / 100 * network.stages[1].depth


def judge(space, most, trained, tallies):
    """Adds the intervals of a study, a gene each that has numbers."""
    least = most * 2 // 3
    model = EffectModel(space, trained, least, most)
    alone = expectations(space, most, trained, least)
    for gene in space.genes:
        if not all(isinstance(choice, int) for choice in gene.choices):
            continue
        values = np.array([float(genes[gene.name]) for genes in model.genes])
        true = TRUE if gene.name == "stage2.depth" else 0.0
        for name, found in (("regression", model.effect(values)), ("surrogate", alone(values))):
            if found is None:
                continue
            tally = tallies[name]
            contains = abs(found[0] - true) <= found[1]
            tally.all += 1
            tally.contain += contains
            if true:
                tally.estimates = (*tally.estimates, found[0])
                tally.of_effect += contains


def expectations(space, most, trained, least):
    """The effect in what the surrogate expects of the networks near the budget, as an interval."""
    points = Candidates(
        {gene.name: CategoricalDistribution(gene.choices) for gene in space.genes},
        lambda genes: complexity(space.decode(genes)), most,
        lambda genes: space.encode(space.decode(genes)),
    )  # fmt: skip
    here = [points.of(genes) for genes, _ in trained]
    features, errors = features_of(here), np.array([error for _, error in trained])
    nothing = np.zeros(len(errors))
    model = Surrogate(len(space.genes))
    model.fit(
        Sample(features, errors, nothing),
        lambda first: Sample(features[:first], errors[:first], nothing[:first]),
    )
    near = np.array([point.cost >= least for point in here])
    mean, _ = model.predict(features[near])
    expected = model.scale.back(mean)
    slope = 100 / model.scale.slope(expected)
    covariance = model.covariance(features[near], features[near]) * slope[:, None] * slope
    octaves = np.log2([point.cost for point in here])[near]

    def effect(values):
        design = np.column_stack([np.ones(near.sum()), octaves, values[near]])
        if np.linalg.matrix_rank(design) < 3:
            return None
        weights = np.linalg.pinv(design)[2]
        within = 1.96 * sqrt(max(float(weights @ covariance @ weights), 0.0))
        return float(weights @ (100 * expected)), within

    return effect


if __name__ == "__main__":
    main()
