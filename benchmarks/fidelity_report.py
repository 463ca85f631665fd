"""How well each short training of `benchmarks/fidelity.py` ranks, against the trainings to the end.

    python benchmarks/fidelity_report.py results/fidelity --against full

The truth of a network is the mean error of its `full` trainings on validation and test images, or
with `--against quick8` the last error of these trainings. A
reading is what a short training says after some epoch: its error, that of averaged weights, or the
training loss of that epoch. Written beside `curves.jsonl`: `ranking.csv`, `ranking.md`,
`ranking.png`. With `--experience FILE`, a model that `benchmarks/experience.py --write` has made,
what it expects of the plain networks before any training is a reading, too. Gains are those over
the error of `--base` (or its loss: `--over loss`) after as many epochs, or after all that it has;
seconds, too, are by that variant, which was trained on the same processor.
"""

import argparse
import csv
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import optuna
from fidelity import read
from fidelity_networks import is_plain
from numpy.typing import NDArray
from scipy.stats import rankdata

from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.experience import Experience, numbers_of
from nas_tc.sampler import ParetoPruner

DRAWS = 2000  # of the bootstrap
ORDERS = 100  # in which the pruner meets the networks
BASE = "quick8"

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Reading:
    """What one kind of short training says of each network."""

    variant: str
    kind: str  # error, average 0.99, loss
    epoch: int
    seconds: float  # of a processor, mean over the networks
    says: dict[str, float]  # mean over seeds, by network

    @property
    def name(self) -> str:
        return f"{self.variant} {self.kind} @{self.epoch}"


def truth(rows: list[dict[str, Any]], variant: str) -> dict[str, float]:
    """Network to its last error by a variant, 0 to 1.

    The 10,000 test images count beside the 5,000 validation images where both were looked at.
    """
    errors = defaultdict(list)
    for row in rows:
        if row["variant"] == variant:
            last = list(row["errors"].values())[-1]
            test = row.get("test_error")
            errors[row["network"]].append(last if test is None else (last + 2 * test) / 3)
    return {network: fmean(each) for network, each in errors.items()}


def readings(rows: list[dict[str, Any]], base: str = BASE) -> list[Reading]:
    """All readings of all variants but the trainings to the end."""
    said: dict[tuple[str, str, int], dict[str, list[float]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for row in rows:
        if row["variant"].startswith("full"):
            continue
        for epoch, error in row["errors"].items():
            said[row["variant"], "error", int(epoch)][row["network"]].append(error)
            loss = row["losses"][int(epoch) - 1]
            said[row["variant"], "loss", int(epoch)][row["network"]].append(loss)
        for epoch, errors in row["averaged"].items():
            for decay, error in errors.items():
                key = (row["variant"], f"average {decay}", int(epoch))
                said[key][row["network"]].append(error)
    seconds = epoch_seconds(rows, base)
    return [
        Reading(v, k, e, seconds[v] * e, {n: fmean(x) for n, x in by.items()})
        for (v, k, e), by in said.items()
    ]


def epoch_seconds(rows: list[dict[str, Any]], base: str) -> dict[str, float]:
    """Processor seconds an epoch of each variant, on the networks that all timed variants share.

    A processor shared with other programs gives seconds that wander, so each network counts by the
    ratio to its seconds under the base variant, and the median of the ratios is taken.
    """
    own: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        if row.get("cpu_s"):
            own[row["variant"]][row["network"]].append(row["cpu_s"][-1] / len(row["cpu_s"]))
    known = {network: fmean(each) for network, each in own[base].items()}
    mean = fmean(known.values())
    found = {}
    for variant in {row["variant"] for row in rows}:
        ratios = [fmean(own[variant][n]) / known[n] for n in own.get(variant, {}) if n in known]
        found[variant] = mean * float(np.median(ratios)) if ratios else float("nan")
    return found


def expected(rows: list[dict[str, Any]], experience: Experience) -> Reading:
    """What earlier trainings of other networks say of the plain ones among these, untrained."""
    said = {}
    for network in {row["network"] for row in rows}:
        stages = parse_notation(network)
        if is_plain(stages):
            numbers = numbers_of(Architecture((3, 32, 32), stages, GAP, 10, norm="batch"))
            said[network] = float(experience.expected(numbers[None])[0])
    return Reading("experience", "expected", 0, 0.0, said)


def spearman(a: Floats, b: Floats) -> float:
    return float(np.corrcoef(rankdata(a), rankdata(b))[0, 1])


def partial(a: Floats, b: Floats, given: Floats) -> float:
    """Spearman's correlation of a and b at equal ranks of `given`."""
    ab, ag, bg = spearman(a, b), spearman(a, given), spearman(b, given)
    return (ab - ag * bg) / ((1 - ag**2) * (1 - bg**2)) ** 0.5


def resampled(size: int) -> list[NDArray[np.int64]]:
    """The draws of the bootstrap, the same for each reading, so that differences are paired."""
    random = np.random.default_rng(0)
    draws = (random.integers(size, size=size) for _ in range(2 * DRAWS))
    return [draw for draw in draws if len(set(draw)) > size // 3][:DRAWS]


def stopped(steps: list[Floats], costs: Floats, best: set[int]) -> tuple[float, float]:
    """How often the pruner stops a network of the best at the first and by the second rung."""
    first = later = 0
    for number in range(ORDERS):
        stops = pruned(steps, costs, np.random.default_rng(number).permutation(len(costs)))
        first += sum(stops.get(index) == 1 for index in best)
        later += sum(index in stops for index in best)
    return first / ORDERS / len(best), later / ORDERS / len(best)


def pruned(steps: Sequence[Floats], costs: Floats, order: NDArray[np.int64]) -> dict[int, int]:
    """The networks that the pruner stops, each with the rung, counted from 1.

    Args:
        steps: What is said of the networks at each rung, and in the end, which a trial's value is.
        costs: Their complexities.
        order: Numbers of the networks, as they are trained.
    """
    study = optuna.create_study(pruner=ParetoPruner())
    stops = {}
    for index in order.tolist():
        trial = study.ask()
        trial.set_user_attr("complexity", int(costs[index]))
        for rung, says in enumerate(steps, 1):
            trial.report(says[index], rung)
            if trial.should_prune():
                stops[index] = rung
                study.tell(trial, state=optuna.trial.TrialState.PRUNED)
                break
        else:
            study.tell(trial, steps[-1][index])
    return stops


def table(
    rows: list[dict[str, Any]],
    reference: str,
    experience: Experience | None,
    base: str,
    base_kind: str = "error",
) -> list[dict[str, Any]]:
    """A row a reading, over the networks that have a truth and that reading."""
    true = truth(rows, reference)
    depths = {row["network"]: row["depth"] for row in rows}
    found = []
    everything = readings(rows, base)
    if experience is not None:
        everything.append(expected(rows, experience))
    compared = {r.epoch: r for r in everything if (r.variant, r.kind) == (base, base_kind)}
    most = max(compared)  # epochs
    for reading in sorted(everything, key=lambda r: (r.variant, r.kind, r.epoch)):
        names = sorted(reading.says.keys() & true.keys())
        if len(names) < 8:
            continue
        says, real = (np.array([each[n] for n in names]) for each in (reading.says, true))
        if np.array_equal(says, real):
            continue  # the truth itself
        depth = np.array([depths[n] for n in names], dtype=float)
        rho = [spearman(says[d], real[d]) for d in resampled(len(names))]
        row = {
            "reading": reading.name,
            "networks": len(names),
            "seconds": "" if np.isnan(reading.seconds) else round(reading.seconds, 1),
            "spearman": round(spearman(says, real), 3),
            "low": round(float(np.quantile(rho, 0.025)), 3),
            "high": round(float(np.quantile(rho, 0.975)), 3),
            "regret": round(100 * float(real[says.argmin()] - real.min()), 2),
            "depth": round(partial(depth, says, real), 2),
            "mean": round(float(says.mean()), 4),
        }
        row |= against(reading, compared.get(min(reading.epoch, most)), true)
        found.append(row)
    return found


def pruned_best(rows: list[dict[str, Any]], reference: str) -> dict[str, Any]:
    """How often rungs after epochs 1 and 3 stop a network of the best tenth, by kind of reading."""
    true = truth(rows, reference)
    found = {}
    for kind in ("error", "average 0.97", "average 0.99", "loss"):
        rungs = [r for r in readings(rows) if (r.variant, r.kind) == (BASE, kind)]
        says = [r.says for epoch in (1, 3) for r in rungs if r.epoch == epoch]
        names = sorted(true.keys() & set.intersection(*(set(each) for each in says)))
        costs = {row["network"]: row["complexity"] for row in rows}
        real = np.array([true[n] for n in names])
        best = set(real.argsort()[: max(1, round(len(names) / 10))].tolist())
        steps = [np.array([each[n] for n in names]) for each in says]
        by = stopped([*steps, real], np.array([costs[n] for n in names]), best)
        found[kind] = {"networks": len(names), "best": len(best), "first": by[0], "both": by[1]}
    return found


def against(reading: Reading, base: Reading | None, true: dict[str, float]) -> dict[str, Any]:
    """The gain in Spearman over a reading of the base variant, paired."""
    if base is None:
        return {}
    names = sorted(reading.says.keys() & base.says.keys() & true.keys())
    if len(names) < 8:
        return {}
    says, other, real = (
        np.array([each[n] for n in names]) for each in (reading.says, base.says, true)
    )
    gains = [
        spearman(says[d], real[d]) - spearman(other[d], real[d]) for d in resampled(len(names))
    ]
    return {
        "paired": len(names),
        "gain": round(spearman(says, real) - spearman(other, real), 3),
        "gain_low": round(float(np.quantile(gains, 0.025)), 3),
        "gain_high": round(float(np.quantile(gains, 0.975)), 3),
    }


def draw(table: list[dict[str, Any]], reference: str, base: str, file: Path) -> None:
    """Spearman's correlation of each reading over seconds, with its interval: a panel a variant.

    The error of the base variant is in every panel, in grey.
    """
    panels: dict[str, dict[str, list[dict[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    for row in table:
        if row["seconds"] != "":  # of another processor
            variant, _, kind = row["reading"].rpartition(" @")[0].partition(" ")
            panels[variant][kind].append(row)
    kinds = sorted({kind for panel in panels.values() for kind in panel})
    across = min(4, len(panels))
    down = -(-len(panels) // across)
    size = (3.2 * across + 0.6, 2.6 * down + 0.6)
    figure, grid = plt.subplots(
        down, across, figsize=size, sharex=True, sharey=True, squeeze=False, layout="constrained"
    )
    for axes, (variant, panel) in zip(grid.flat, panels.items(), strict=False):
        axes.set_title(variant, fontsize=10)
        if variant != base and "error" in panels.get(base, {}):
            rows = panels[base]["error"]
            axes.plot(
                [row["seconds"] for row in rows],
                [row["spearman"] for row in rows],
                color="0.7",
                marker="o",
                label=f"{base} error",
            )
        for number, kind in enumerate(kinds):
            rows = panel.get(kind, [])
            at = [row["seconds"] * (1 + 0.02 * number) for row in rows]
            rho = [row["spearman"] for row in rows]
            bars = [[row["spearman"] - row["low"] for row in rows],
                    [row["high"] - row["spearman"] for row in rows]]  # fmt: skip
            if rows:
                axes.errorbar(
                    at, rho, yerr=bars, marker="o", capsize=2, lw=1, color=f"C{number}", label=kind
                )
    for axes in grid.flat[len(panels) :]:
        axes.set_axis_off()
    found = {}
    for axes in grid.flat:
        handles, labels = axes.get_legend_handles_labels()
        found |= dict(zip(labels, handles, strict=True))
    figure.legend(found.values(), found.keys(), loc="outside upper right", ncols=6, fontsize=9)
    figure.supxlabel("seconds of training", fontsize=10)
    figure.supylabel(f"Spearman with the error of {reference}", fontsize=10)
    figure.savefig(file, dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--against", default="full", help="variant that is taken for the truth")
    parser.add_argument("--base", default=BASE, help="variant that others are compared with")
    parser.add_argument("--over", choices=["error", "loss"], default="error", help="its reading")
    parser.add_argument("--experience", type=Path, help="model of earlier trainings")
    args = parser.parse_args()
    experience = args.experience and Experience.from_dict(json.loads(args.experience.read_text()))
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    rows = read(args.folder / "curves.jsonl")
    found = table(rows, args.against, experience, args.base, args.over)
    if not found:
        raise SystemExit(f"fewer than 8 networks have a {args.against} training and another")
    columns = list(max(found, key=len))
    with (args.folder / "ranking.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(found)
    lines = [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns)]
    lines += [f"| {' | '.join(str(row.get(c, '')) for c in columns)} |" for row in found]
    (args.folder / "ranking.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    draw(found, args.against, args.base, args.folder / "ranking.png")
    print("\n".join(lines))
    if args.base == BASE:  # it has looked at the rungs
        print(json.dumps({"pruned_best": pruned_best(rows, args.against)}))


if __name__ == "__main__":
    main()
