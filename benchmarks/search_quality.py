"""How good is the network that a search recommends, after how many trainings?

On NAS-Bench-Macro, a table in which all 3,969 networks of a space were trained three times: the
accuracy of one of the three is what a search observes, their mean is the truth. Every method has
the same limit on the multiply-adds, sees the same observations, and may train the same number of
networks; what is over the limit, and a network asked for twice, cost nothing. A method's users
would take the best that they have observed; ours recommends by its model (`recommend`), and is
given with the best observed too.

    python benchmarks/search_quality.py --table nas_bench_macro.csv --methods random tpe ...
    python benchmarks/search_quality.py --table nas_bench_macro.csv --quick

Studies that are already in the CSV file with as many trainings are not run again, so it may be
stopped and run on.
"""

import argparse
import contextlib
import csv
import itertools
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import optuna

from nas_tc.search import BudgetSampler, Tried, recommend

BLOCKS = (2, 3, 3)  # of each stage
OPERATIONS = ("identity", "mb3", "mb6")
LIMITS = (0.4, 0.6, 0.8)
CHECKPOINTS = (10, 25, 50, 75, 100, 150, 200, 300, 400)
FIRST_SEED = 100  # those before were used to choose our settings
PROPOSALS = 4  # for each training: a method that only repeats itself or the unaffordable is ended
WORST_ERROR = 0.15  # corner of the hypervolume; what is worse counts as nothing
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
NAMES = tuple(f"block{number}" for number in range(1, sum(BLOCKS) + 1))
DISTRIBUTIONS = {name: optuna.distributions.CategoricalDistribution(OPERATIONS) for name in NAMES}


class Done(Exception):  # noqa: N818  nothing is wrong
    """All trainings are used up."""


class Table:
    """The networks, their costs and their three errors."""

    def __init__(self, path: Path):
        with path.open() as file:
            rows = list(csv.DictReader(file))
        self.macs, self.errors = {}, {}
        for row in rows:
            self.macs[row["arch"]] = int(row["flops"])
            self.errors[row["arch"]] = [1 - float(row[f"acc{k}"]) / 100 for k in (1, 2, 3)]
        self.networks = sorted({canonical(code) for code in self.macs})
        self.truth = {code: float(np.mean(self.errors[code])) for code in self.networks}
        self.most = max(self.macs.values())


def canonical(code: str) -> str:
    """The code that stands for a network: identities behind the first block of a stage go last."""
    parts, start = [], 0
    for blocks in BLOCKS:
        first, rest = code[start], code[start + 1 : start + blocks].replace("0", "")
        parts.append((first + rest).ljust(blocks, "0"))
        start += blocks
    return "".join(parts)


def code_of(params: dict) -> str:
    return "".join(str(OPERATIONS.index(params[name])) for name in NAMES)


def params_of(code: str) -> dict:
    return {name: OPERATIONS[int(digit)] for name, digit in zip(NAMES, code, strict=True)}


@dataclass
class Problem:
    """One study: trains networks, counts, and remembers the order."""

    table: Table
    share: float  # of the largest multiply-adds
    seed: int
    trainings: int
    trained: dict[str, float] = field(default_factory=dict)  # network to observed error, in order
    proposals: int = 0

    def __post_init__(self) -> None:
        self.limit = self.share * self.table.most
        random = np.random.default_rng([self.seed, 1])
        self._draw = dict(
            zip(self.table.networks, random.integers(3, size=len(self.table.networks)), strict=True)
        )

    def cost(self, params: dict) -> int:
        return self.table.macs[code_of(params)]

    def fits(self, code: str) -> bool:
        return self.table.macs[code] <= self.limit

    def observe(self, code: str) -> float:
        """The error of one training; that of a network that was trained before is known."""
        network = canonical(code)
        if network not in self.trained:
            if len(self.trained) >= self.trainings:
                raise Done
            self.trained[network] = self.table.errors[network][self._draw[network]]
        return self.trained[network]

    def proposed(self) -> None:
        """Counts a proposal; a method that only repeats itself is ended."""
        self.proposals += 1
        if self.proposals > PROPOSALS * self.trainings:
            raise Done

    def objective(self, trial: optuna.Trial) -> float:
        """For Optuna's samplers: what is over the limit is not trained.

        It breaks the constraint, and its error is the mean of those that were observed, which says
        nothing about it.
        """
        params = {name: trial.suggest_categorical(name, OPERATIONS) for name in NAMES}
        code = code_of(params)
        self.proposed()
        trial.set_constraint("macs", self.table.macs[code] / self.limit - 1)
        if self.fits(code):
            return self.observe(code)
        return float(np.mean(list(self.trained.values()) or [0.1]))


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


def ours(problem: Problem) -> None:
    """`BudgetSampler`; the network that a code stands for is its canonical setting."""
    sampler = BudgetSampler(
        dict(DISTRIBUTIONS),
        problem.cost,
        problem.limit,
        seed=problem.seed,
        canonical=lambda params: params_of(canonical(code_of(params))),
    )
    study = optuna.create_study(sampler=sampler)
    while sampler.has_next(study):
        trial = study.ask(DISTRIBUTIONS)
        study.tell(trial, problem.observe(code_of(trial.params)))


METHODS: dict[str, Callable[[Problem], None]] = {
    "ours": ours,
    "random": random_search,
    "evolution": regularised_evolution,
    "tpe": with_optuna(lambda seed: optuna.samplers.TPESampler(seed=seed)),
    "nsga2": with_optuna(lambda seed: optuna.samplers.NSGAIISampler(seed=seed)),
    "gp": with_optuna(lambda seed: optuna.samplers.GPSampler(seed=seed)),
}


def regret(problem: Problem, network: str) -> float:
    """Percentage points of true error above the best network within the limit."""
    best = min(problem.table.truth[code] for code in problem.table.networks if problem.fits(code))
    return 100 * (problem.table.truth[network] - best)


def hypervolume(problem: Problem, networks: list[str]) -> float:
    """Area under the front, log multiply-adds by error, as a share of the true front's.

    The front is chosen by what was observed and valued by the truth.
    """

    def area(front: list[tuple[int, float]]) -> float:
        reached, total = WORST_ERROR, 0.0
        for macs, error in sorted(front):
            total += max(0.0, reached - error) * np.log(problem.limit / macs)
            reached = min(reached, error)
        return total

    def front(codes: list[str], errors: dict[str, float]) -> list[str]:
        kept, least = [], float("inf")
        for code in sorted(codes, key=lambda code: (problem.table.macs[code], errors[code])):
            if errors[code] < least:
                kept.append(code)
                least = errors[code]
        return kept

    macs, truth = problem.table.macs, problem.table.truth
    observed = [(macs[c], truth[c]) for c in front(networks, problem.trained)]
    affordable = [code for code in problem.table.networks if problem.fits(code)]
    return area(observed) / area([(macs[c], truth[c]) for c in front(affordable, truth)])


def run_study(method: str, problem: Problem) -> list[dict]:
    started = time.perf_counter()
    with contextlib.suppress(Done):
        METHODS[method](problem)
    seconds = (time.perf_counter() - started) / max(1, len(problem.trained))
    rows = []
    for trainings in (n for n in CHECKPOINTS if n <= problem.trainings):
        networks = list(problem.trained)[:trainings]
        best = min(networks, key=problem.trained.__getitem__)
        rows.append(
            {
                "method": method,
                "limit": problem.share,
                "seed": problem.seed,
                "trainings": trainings,
                "regret": round(regret(problem, recommended(method, problem, networks) or best), 4),
                "regret_of_best_observed": round(regret(problem, best), 4),
                "hypervolume": round(hypervolume(problem, networks), 5),
                "seconds_a_training": round(seconds, 4),
            }
        )
    return rows


def recommended(method: str, problem: Problem, networks: list[str]) -> str | None:
    """What ours recommends after these trainings; None for the others: the best observed."""
    if method != "ours":
        return None
    tried = [
        Tried(number, params_of(code), problem.table.macs[code], problem.trained[code])
        for number, code in enumerate(networks)
    ]
    return networks[recommend(tried, DISTRIBUTIONS, problem.limit).choice.number]


def read(path: Path) -> list[dict]:
    if not path.exists():
        return []
    with path.open() as file:
        return list(csv.DictReader(file))


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
        is_new = not path.exists()
        with path.open("a", newline="") as file:
            writer = csv.DictWriter(file, FIELDS)
            if is_new:
                writer.writeheader()
            writer.writerows(rows)


def summary(rows: list[dict]) -> list[dict]:
    """Mean and 95 % interval (normal, of the mean) over the studies."""
    groups: dict[tuple, list[dict]] = {}
    # A study that was run again with more trainings had the same ones at first.
    once = {(r["method"], r["limit"], r["seed"], r["trainings"]): r for r in rows}
    for row in once.values():
        key = (float(row["limit"]), row["method"], int(row["trainings"]))
        groups.setdefault(key, []).append(row)
    found = []
    for (limit, method, trainings), group in sorted(groups.items()):
        line = {"limit": limit, "method": method, "trainings": trainings, "studies": len(group)}
        for name in ("regret", "regret_of_best_observed", "hypervolume"):
            values = np.array([float(row[name]) for row in group])
            line[name] = round(float(values.mean()), 4)
            spread = values.std(ddof=1) if len(values) > 1 else float("nan")
            line[f"{name}_interval"] = round(float(1.96 * spread / len(values) ** 0.5), 4)
        found.append(line)
    return found


def write_tables(lines: list[dict], folder: Path) -> None:
    with (folder / "summary.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, lines[0])
        writer.writeheader()
        writer.writerows(lines)
    columns = [n for n in (25, 50, 100, 200, 400) if any(x["trainings"] == n for x in lines)]
    text = []
    for limit, method in dict.fromkeys((line["limit"], line["method"]) for line in lines):
        own = {x["trainings"]: x for x in lines if (x["limit"], x["method"]) == (limit, method)}
        names = ["regret"] + ["regret_of_best_observed"] * (method == "ours")
        for name in names:
            cells = [
                f"{own[n][name]:.3f} ± {own[n][name + '_interval']:.3f}" if n in own else ""
                for n in columns
            ]
            label = method if name == "regret" else "ours, best observed"
            studies = next(iter(own.values()))["studies"]
            text.append(f"| {limit} | {label} | {studies} | " + " | ".join(cells) + " |")
    head = "| limit | method | studies | " + " | ".join(map(str, columns)) + " |"
    rule = "|---" * (3 + len(columns)) + "|"
    (folder / "table.md").write_text("\n".join([head, rule, *text]) + "\n")


def write_plot(lines: list[dict], name: str, label: str, file: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    limits = sorted({line["limit"] for line in lines})
    figure, axes = plt.subplots(1, len(limits), figsize=(4.2 * len(limits), 3.4), squeeze=False)
    methods = sorted({line["method"] for line in lines}, key=list(METHODS).index)
    for axis, limit in zip(axes[0], limits, strict=True):
        for number, method in enumerate(methods):
            own = [x for x in lines if (x["limit"], x["method"]) == (limit, method)]
            if not own:
                continue
            x = [line["trainings"] for line in own]
            mean = np.array([line[name] for line in own])
            around = np.array([line[f"{name}_interval"] for line in own])
            width = 2.2 if method == "ours" else 1.2
            axis.plot(x, mean, label=method, lw=width, color=f"C{number}")
            axis.fill_between(x, mean - around, mean + around, alpha=0.15, color=f"C{number}")
        axis.set(title=f"limit {limit:g} of the largest", xlabel="trainings", xscale="log")
        axis.set_xticks(x := [10, 25, 50, 100, 200, 400], [str(n) for n in x])
        axis.minorticks_off()
        axis.grid(alpha=0.3)
    if name == "regret":
        for axis in axes[0]:
            axis.set(yscale="log", ylim=(0.01, 1.5))
    axes[0][0].set_ylabel(label)
    named = {
        text: line
        for each in axes[0]
        for line, text in zip(*each.get_legend_handles_labels(), strict=True)
    }
    axes[0][-1].legend(named.values(), named, fontsize=8)
    figure.tight_layout()
    figure.savefig(file, dpi=110)
    plt.close(figure)


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
    write_plot(lines, "regret", "regret, percentage points", options.out / "regret.png")
    write_plot(lines, "hypervolume", "share of hypervolume", options.out / "hypervolume.png")


if __name__ == "__main__":
    main()
