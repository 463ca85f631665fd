"""What experience is worth to a search at a budget that it knows nothing of, without training.

    python benchmarks/experience_simulated.py --budget 3M --out results/search-simulated/experience
    python benchmarks/experience_simulated.py --space mixed-32 --budget "alexnet*0.6" --out ...

As `benchmarks/search_simulated.py`, with landscapes fitted to the searches on CIFAR-10 near the
budget that no experience has guided (results/experience). The experience is learnt from the
searches at all other budgets, in all spaces unless it is `plain-32`. Both methods begin with the
same two networks, which are the members of the space that are most like J' and `vgg` at the budget.
"""

import argparse
from functools import partial
from pathlib import Path

import numpy as np
import optuna
from experience import learnt
from experience import read as read_trainings
from search_simulated import FIELDS, READS, paired, run_study, summary
from search_summary import append, read
from simulated_errors import KINDS, Encoding, Landscape, Recorded

from nas_tc.architecture import Architecture, head_named, parse_notation
from nas_tc.budget import Limit, parse_budget, resolve_budget
from nas_tc.errors import SpaceError
from nas_tc.experience import numbers_of
from nas_tc.families import find_family, fit_family
from nas_tc.search.network_sampler import network_sampler
from nas_tc.space import Space, load_space, most_alike

PLAIN = "plain-32"
BASELINES = ("vgg", "he-sun")
EPOCHS = 160


def recorded(encoding: Encoding, rows: list[dict]) -> Recorded:
    """The trainings that are of networks of the space."""
    space = encoding.space
    settings, errors = [], []
    for row in rows:
        stages, head = parse_notation(row["network"]), head_named(row.get("head", "gap"))
        try:
            setting = space.encode(Architecture(space.input, stages, head, 10, space.norm))
        except SpaceError:  # a baseline
            continue
        settings.append(setting)
        errors.append(float(row["error"]))
    genes, properties = encoding.rows(settings)
    return Recorded(genes, properties, np.array(errors))


def starts(space: Space, limit: Limit) -> list[dict]:
    """The members that are most like the baselines."""
    found = []
    for name in BASELINES:
        network = fit_family(
            find_family(name), limit.caps, space.input, 10, norm=space.norm, head=space.head
        ).architecture
        member = most_alike(space, network, lambda each: limit.broken_by(each) is None)
        if member is not None:
            found.append(space.encode(member))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--space", choices=(PLAIN, "residual-32", "mixed-32"), default=PLAIN)
    parser.add_argument("--budget", default="3M")
    parser.add_argument("--seeds", type=int, default=24)
    parser.add_argument("--first-seed", type=int, default=1000)
    parser.add_argument("--trainings", type=Path, default=Path("results/experience"))
    parser.add_argument("--out", type=Path, default=Path("results/local/experience-simulated"))
    options = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    space = load_space(options.space).at((3, 32, 32), 10)
    limit = resolve_budget(parse_budget(options.budget), space.input, space.classes)
    rows, numbers = read_trainings(options.trainings, blocks=options.space != PLAIN)
    is_cifar = np.array([row["images"] == "cifar10" for row in rows])
    is_here = np.array([float(row["budget"]) == limit.complexity for row in rows])
    experience = learnt(rows, numbers, is_cifar & ~is_here)
    is_here &= np.array([row["space"] == options.space for row in rows])
    here = [
        row
        for row, is_chosen in zip(rows, is_cifar & is_here, strict=True)
        if is_chosen and row["experience"] == "none"
    ]
    encoding = Encoding(space)
    if options.space != PLAIN:
        encoding = Encoding(space, partial(numbers_of, largest=32))
    data, first = recorded(encoding, here), starts(space, limit)
    print(f"{len(data.errors)} trainings, two first: {first}", flush=True)
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "studies.csv"
    done = {(row["method"], int(row["seed"])) for row in read(path)}
    for seed in range(options.first_seed, options.first_seed + options.seeds):
        kind = KINDS[seed % len(KINDS)]
        landscape = Landscape(kind, seed, encoding, data, limit.complexity)
        for name, known in (("ours", experience), ("ours, without experience", None)):
            if (name, seed) not in done:
                sampler = network_sampler(space, limit, seed, experience=known, **READS)
                found = run_study(name, sampler, landscape, seed, EPOCHS, first)
                append(path, FIELDS, [{**row, "method": name} for row in found])
    lines = [*summary(read(path)), "", *paired(read(path))]
    print("\n".join(lines))
    (options.out / "summary.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
