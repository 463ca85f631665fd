"""Is the sampler's model right about its own uncertainty? On the recorded trials of studies.

    python benchmarks/model_calibration.py STUDY.db STUDY.db ...

For each network of a study, from the eleventh that was trained to the end, the model is fitted to
those before it and asked for the error and its standard deviation, that of one training included.
If both are right, 68 % of the errors lie within one standard deviation and 95 % within 1.96.
Networks that were trained before are left out.
"""

import argparse
from pathlib import Path

import numpy as np
from optuna.distributions import CategoricalDistribution

from nas_tc.sampler.candidates import Candidates, features_of
from nas_tc.sampler.surrogate import Sample, Surrogate
from nas_tc.study import read_study

FIRST = 10  # trials that the model knows at least


def deviations(path: Path) -> np.ndarray:
    """Errors less the model's expectation, in its standard deviations."""
    ended = [
        trial for trial in read_study(path).trained if trial.val_error is not None and trial.genes
    ]
    genes = max((trial.genes for trial in ended), key=len)
    ended = [trial for trial in ended if trial.genes.keys() == genes.keys()]
    choices = {
        gene: CategoricalDistribution(sorted({trial.genes[gene] for trial in ended}, key=str))
        for gene in genes
    }
    costs = {tuple(trial.genes[gene] for gene in genes): trial.complexity for trial in ended}
    points = Candidates(
        choices, lambda params: costs[tuple(params.values())], max(costs.values()), dict
    )
    features = features_of(
        [points.of({gene: trial.genes[gene] for gene in genes}) for trial in ended]
    )
    errors = np.array([trial.val_error for trial in ended])
    found = []
    for known in range(FIRST, len(ended)):
        if ended[known].network in {trial.network for trial in ended[:known]}:
            continue

        def first(many: int) -> Sample:
            return Sample(features[:many], errors[:many], np.zeros(many))

        model = Surrogate(len(genes))
        model.fit(first(known), first)
        mean, deviation = model.predict(features[known : known + 1])
        spread = np.sqrt(deviation[0] ** 2 + model.noise_variance)
        found.append((model.scale.to(errors[known : known + 1])[0] - mean[0]) / spread)
    return np.array(found)


def line(name: str, found: np.ndarray) -> str:
    within = [np.mean(np.abs(found) < limit) for limit in (1, 1.96)]
    return (
        f"{name}: {len(found)} networks, {within[0]:.0%} within 1 and {within[1]:.0%} within 1.96 "
        f"standard deviations, mean {found.mean():+.2f}, deviation {found.std():.2f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("studies", type=Path, nargs="+")
    found = {path: deviations(path) for path in parser.parse_args().studies}
    for path, each in found.items():
        print(line(path.name, each))
    print(line("all", np.concatenate(list(found.values()))))


if __name__ == "__main__":
    main()
