"""NAS-Bench-Macro as a search sees it: networks, what they cost, and one noisy error a training."""

import csv
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import optuna

BLOCKS = (2, 3, 3)  # of each stage
OPERATIONS = ("identity", "mb3", "mb6")
PROPOSALS = 4  # for each training: a method that only repeats itself or the unaffordable is ended
WORST_ERROR = 0.15  # corner of the hypervolume; what is worse counts as nothing
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
    trained: list[tuple[str, float]] = field(default_factory=list)  # networks and observed errors
    proposals: int = 0

    def __post_init__(self) -> None:
        self.limit = self.share * self.table.most
        random = np.random.default_rng([self.seed, 1])
        self._known: dict[str, float] = {}
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
        if network not in self._known:
            self._known[network] = self.train(code)
        return self._known[network]

    def train(self, code: str) -> float:
        """The error of one training, with another seed each time.

        The table has three seeds. The first is drawn for each network, and further ones are drawn
        anew of all three: to know all three would be to know the truth.
        """
        network = canonical(code)
        if len(self.trained) >= self.trainings:
            raise Done
        before = sum(each == network for each, _ in self.trained)
        place = self.table.networks.index(network)
        again = np.random.default_rng([self.seed, 4, place, before])
        error = self.table.errors[network][again.integers(3) if before else self._draw[network]]
        self.trained.append((network, error))
        return error

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
        return float(np.mean([error for _, error in self.trained] or [0.1]))


def regret(problem: Problem, network: str) -> float:
    """Percentage points of true error above the best network within the limit."""
    best = min(problem.table.truth[code] for code in problem.table.networks if problem.fits(code))
    return 100 * (problem.table.truth[network] - best)


def hypervolume(problem: Problem, errors: dict[str, float]) -> float:
    """Area under the front, log multiply-adds by error, as a share of the true front's.

    The front is chosen by the errors, those that were observed, and valued by the truth.
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
    observed = [(macs[c], truth[c]) for c in front(list(errors), errors)]
    affordable = [code for code in problem.table.networks if problem.fits(code)]
    return area(observed) / area([(macs[c], truth[c]) for c in front(affordable, truth)])
