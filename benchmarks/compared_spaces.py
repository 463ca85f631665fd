"""Which space is best: searches in several spaces, and their winners trained to the end.

    python benchmarks/compared_spaces.py results/search-spaces --write
    python benchmarks/compared_spaces.py results/search-spaces/equal-time --write

Reads the folders BUDGET/SPACE-SEED (reports of searches) and BUDGET/experiment (of `nas-tc
experiment`). Prints the means of each space's winners, with t intervals over the searches, their
differences (Welch), each winner beside the baselines of the experiment, what each search's last
line said against the trainings to the end, and how well the short trainings rank. `--write` draws
`fronts.png` into the folder.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullFormatter
from scipy.stats import spearmanr, ttest_1samp, ttest_ind

COLOURS = {"plain": "#0b5fa5", "residual": "#c0392b", "mixed": "#7d3c98", "mobile": "#1e8449"}
GREY = "#5d6d7e"
DRAWS = 4000  # of the bootstrap
BUDGETS = {
    "6m": "6.2 M multiply-adds",
    "20m": "20 M multiply-adds",
    "latency": "0.25 ms by onnxruntime",
}


@dataclass(frozen=True)
class Search:
    """What one search reported.

    Attributes:
        space: Name of its space, without the size.
        name: Name of its folder, which its winner has in the experiment.
        trials: Its table of trials.
        manifest: Its manifest.
    """

    space: str
    name: str
    trials: pd.DataFrame
    manifest: dict[str, Any]

    @property
    def winner(self) -> "pd.Series[Any]":
        return self.trials.loc[self.manifest["recommended"]["trial"]]

    @property
    def short_error(self) -> float:
        """Validation error of the winner after the short training, %; a mean if trained twice."""
        errors = [self.winner.val_error]
        if "repeat_of" in self.trials:
            again = self.trials[self.trials.repeat_of == self.winner.name].val_error.dropna()
            errors += list(again)
        return 100 * fmean(errors)

    @property
    def limit(self) -> tuple[str, float]:
        """The budget: the column of trials that it limits, and its value."""
        budget = self.manifest["settings"]["budget"]
        if (complexity := budget.get("complexity")) is not None:
            return "complexity", complexity
        return "latency_ms", budget["times"][0]["most"]

    @property
    def complete(self) -> pd.DataFrame:
        """Trials that were trained to their end; baselines are left out."""
        ended = self.trials[self.trials.state == "complete"]
        return ended[ended.baseline.isna()] if "baseline" in ended else ended

    @property
    def front(self) -> pd.DataFrame:
        """Networks that no cheaper one beats, by cost."""
        ended = self.complete.sort_values([self.limit[0], "val_error"])
        return ended[ended.val_error < ended.val_error.cummin().shift(fill_value=1.0)]


def read_searches(folder: Path) -> list[Search]:
    found = []
    for space in COLOURS:
        for each in sorted(folder.glob(f"{space}-*")):
            trials = pd.read_csv(each / "trials.csv").set_index("trial")
            manifest = json.loads((each / "manifest.json").read_text(encoding="utf-8"))
            found.append(Search(space, each.name, trials, manifest))
    return found


def short_baselines(searches: Sequence[Search]) -> dict[str, float]:
    """Each baseline's validation error after the short training, mean over the searches, %."""
    names = searches[0].manifest.get("baselines", ())
    return {
        name: 100 * fmean(each.manifest["baselines"][name]["val_error"] for each in searches)
        for name in names
    }


def interval(values: Sequence[float]) -> str:
    """Their mean, with Student's 95 % interval."""
    if len(values) < 2:
        return f"{values[0]:.2f}"
    low, high = ttest_1samp(values, 0).confidence_interval()
    return f"{fmean(values):.2f} ({low:.2f} to {high:.2f})"


def welch(first: Sequence[float], second: Sequence[float]) -> str:
    """Mean of the first less that of the second, with its 95 % interval."""
    low, high = ttest_ind(first, second, equal_var=False).confidence_interval()
    return f"{fmean(first) - fmean(second):.2f} ({low:.2f} to {high:.2f})"


def rank(short: Sequence[float], full: Sequence[float]) -> str:
    """Spearman's correlation with its bootstrap interval."""
    random = np.random.default_rng(0)
    both = np.array([short, full])
    draws = [
        spearmanr(*both[:, random.integers(0, len(short), len(short))]).statistic
        for _ in range(DRAWS)
    ]
    low, high = np.nanpercentile(draws, [2.5, 97.5])
    return f"{spearmanr(*both).statistic:.2f} ({low:.2f} to {high:.2f}; n = {len(short)})"


def print_means(by_space: dict[str, list[float]]) -> None:
    print("\n| space | winners, test error, % | mean (95 %) | less plain (95 %, Welch) |")
    print("|---|---|--:|--:|")
    for space, values in by_space.items():
        is_told = space != "plain" and len(values) > 1
        less = welch(values, by_space["plain"]) if is_told else ""
        each = ", ".join(f"{value:.2f}" for value in values)
        print(f"| {space} | {each} | {interval(values)} | {less} |")


def print_winners(
    searches: Sequence[Search], networks: pd.DataFrame, differences: pd.DataFrame
) -> None:
    """Each winner, and the baselines of the experiment less it."""
    won = [each.name for each in searches if each.name in networks.index]
    baselines = [name for name in networks.index if name not in won]
    print(
        "\n| network | test error, % | n | multiply-adds |",
        *(f"`{b}` less it |" for b in baselines),
    )
    print("|---|--:|--:|--:|" + "--:|" * len(baselines))
    for name in [*won, *baselines]:
        row = networks.loc[name]
        notation = row.notation.replace("|", "\\|")
        error = f"{100 * row.test_error:.2f} ± {100 * row.test_error_sd:.2f}"
        less = [""] * len(baselines)
        for place, other in enumerate(baselines if name in won else ()):
            by, low, high = _difference(differences, other, name)
            less[place] = f"{by:.2f} ({low:.2f} to {high:.2f})".replace("-0.00", "0.00")
        cost = f"{row.complexity / 1e6:.1f} M"
        print(f"| {name}: `{notation}` | {error} | {row.seeds} | {cost} |", " | ".join(less), "|")


def _difference(differences: pd.DataFrame, first: str, second: str) -> tuple[float, float, float]:
    """Test error of the first less that of the second, and its interval, points."""
    columns, sign = ["test_difference", "test_low", "test_high"], 100
    if (first, second) not in differences.index:
        first, second, sign = second, first, -100
    by, low, high = sign * differences.loc[(first, second), columns].to_numpy(float)
    return by, min(low, high), max(low, high)


def print_last_lines(searches: Sequence[Search], differences: pd.DataFrame) -> None:
    print("\n| search | its last line | trained to the end: best baseline less it, points |")
    print("|---|---|--:|")
    for each in searches:
        line = each.manifest["against_baselines"]
        baseline = line.split("(")[1].split(",")[0]
        by, low, high = _difference(differences, baseline, each.name)
        seeds = differences.seeds[each.name, baseline]
        print(f"| {each.name} | {line} | {by:.2f} ({low:.2f} to {high:.2f}; {seeds}) |")


def print_ranking(searches: Sequence[Search], full: "pd.Series[float]") -> None:
    short = {each.name: each.short_error for each in searches} | short_baselines(searches)
    names = list(short)
    print("\nshort against full, all:", rank([short[n] for n in names], [full[n] for n in names]))
    won = [each.name for each in searches]
    print("winners only:", rank([short[n] for n in won], [full[n] for n in won]))
    for each in searches:
        trained, first = each.complete, len(each.manifest.get("baselines", ()))
        best = [100 * trained[trained.index < first + n].val_error.min() for n in (10, 20, 30, 40)]
        print(f"{each.name}: best after 10, 20, 30, 40 trials", *(f"{one:.2f}" for one in best))


def draw_fronts(axes: Axes, searches: Sequence[Search]) -> None:
    column, limit = searches[0].limit
    for each in searches:
        front, colour = each.front, COLOURS[each.space]
        errors = 100 * front.val_error
        axes.step(
            [*front[column], limit],
            [*errors, errors.iloc[-1]],
            where="post",
            color=colour,
            linewidth=1.2,
            alpha=0.75,
        )
        axes.plot(each.winner[column], 100 * each.winner.val_error, "o", color=colour, ms=6)
    place = 0.0
    for name, error in sorted(short_baselines(searches).items(), key=lambda each: each[1]):
        cost = searches[0].manifest["baselines"][name]["complexity"]
        place = max(error, place + 1.5)  # names do not overlap
        axes.plot(cost, error, "D", mfc="none", mec=GREY, ms=6)
        axes.text(1.13 * limit, place, name, fontsize=8, color=GREY, va="center")
    axes.axvline(limit, color=GREY, linestyle="--", linewidth=1)
    axes.set_xscale("log")
    axes.set_xlim(right=limit * 2)
    axes.set_ylim(22, 62)
    unit, words = (
        (1e6, "multiply-adds, millions") if column == "complexity" else (1, "predicted ms")
    )
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x / unit:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel(words)
    axes.set_ylabel("validation error after 4 epochs, %")


def draw_finals(axes: Axes, trainings: pd.DataFrame, searches: Sequence[Search]) -> None:
    errors = trainings.groupby("network").test_error
    for place, space in enumerate(COLOURS):
        won = [each.name for each in searches if each.space == space]
        for step, name in enumerate(won):
            values = 100 * trainings[trainings.network == name].test_error
            at = place + 0.2 * (step - (len(won) - 1) / 2)
            axes.plot([at] * len(values), values, ".", color=COLOURS[space], alpha=0.45)
            axes.plot(at, values.mean(), "_", color=COLOURS[space], ms=14, mew=2.5)
    for name in sorted(set(trainings.network) - {each.name for each in searches}):
        error = 100 * errors.mean()[name]
        if error > axes.get_ylim()[1]:
            continue  # MobileNetV2, which would leave no room for the others
        axes.axhline(error, color=GREY, linewidth=0.9, linestyle=":")
        axes.annotate(
            name, (1.0, error), (-2, 2), xycoords=("axes fraction", "data"), fontsize=8,
            textcoords="offset points", color=GREY, ha="right",
        )  # fmt: skip
    axes.set_xticks(range(len(COLOURS)), [f"{space}-32" for space in COLOURS])
    axes.set_xlim(-0.5, len(COLOURS) - 0.1)
    axes.set_ylabel("test error after 16 epochs, %")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--write", action="store_true", help="draw fronts.png, too")
    options = parser.parse_args()
    budgets = {key: words for key, words in BUDGETS.items() if (options.folder / key).exists()}
    figure, axes = plt.subplots(
        2, len(budgets), figsize=(5.5 * len(budgets), 8.5), layout="constrained", squeeze=False
    )
    for column, (budget, words) in enumerate(budgets.items()):
        folder = options.folder / budget
        searches = read_searches(folder)
        trainings = pd.read_csv(folder / "experiment" / "trainings.csv")
        full = 100 * trainings.groupby("network").test_error.mean()
        by_space: dict[str, list[float]] = {}
        for each in searches:
            by_space.setdefault(each.space, []).append(full[each.name])
        print(f"\n## {words}")
        print_means(by_space)
        networks = pd.read_csv(folder / "experiment" / "networks.csv", index_col="network")
        differences = pd.read_csv(
            folder / "experiment" / "differences.csv", index_col=["first", "second"]
        )
        print_winners(searches, networks, differences)
        if short_baselines(searches):
            print_last_lines(searches, differences)
        print_ranking(searches, full)
        draw_fronts(axes[0, column], searches)
        draw_finals(axes[1, column], trainings, searches)
        axes[0, column].set_title(f"{words}: a line a search", fontsize=11)
        axes[1, column].set_title("winners trained to the end, a dot a seed", fontsize=11)
    for space, colour in COLOURS.items():
        axes[0, 0].plot([], [], "o-", color=colour, label=f"{space}-32, dot: recommended")
    axes[0, 0].legend(frameon=False, fontsize=9)
    if options.write:
        figure.savefig(options.folder / "fronts.png", dpi=110)


if __name__ == "__main__":
    main()
