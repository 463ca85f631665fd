"""What earlier trainings say of networks that were not trained: learnt here, and tried.

    python benchmarks/experience.py --collect STUDY.db ... --out results/experience
    python benchmarks/experience.py --collect-reports results/search-spaces/6m/mixed-0 ...
    python benchmarks/experience.py --write nas_tc/experience/plain-2.json
    python benchmarks/experience.py --blocks --write nas_tc/experience/blocks-1.json

The first command takes the plain networks of studies, with their errors; those of pruned trials are
estimated from their last training loss, by a line through the complete trials of the same study.
The second takes the networks of any blocks from reports of searches, where pruned trials are
estimated from their last validation error. The others learn, from plain networks or with `--blocks`
from all, and print how well the model ranks networks of searches that it has not seen:
all searches on the same images and near the same budget are left out in turn, those on other
images always (Spearman's correlation with the error, over all networks of a search and over those
above 0.7 of its budget; apart for searches that an experience has guided, whose networks are
alike). `--blocks` also leaves out whole spaces. `--without` leaves out searches by their names'
beginnings, to try a search with a model that knows nothing of its images or its budget.
"""

import argparse
import csv
import json
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import numpy as np
from scipy.stats import spearmanr

from nas_tc.architecture import (
    Architecture,
    Plain,
    format_notation,
    head_named,
    parse_notation,
)
from nas_tc.cost import complexity
from nas_tc.experience import NUMBERS, Experience, numbers_of
from nas_tc.study import read_study

RIDGE = 100.0
NEAR_LIMIT = 0.7
FIELDS = (
    "search", "experience", "images", "epochs", "side", "budget", "network", "complexity",
    "state", "error",
)  # fmt: skip
BLOCK_FIELDS = ("space", *FIELDS, "head")
PLAIN_NUMBERS = NUMBERS.index("units")  # those behind are for other blocks
RUNG = "val_error@"


def collected(paths: list[Path]) -> list[dict]:
    """The plain networks of studies and their errors."""
    rows = []
    for path in paths:
        record = read_study(path)
        name = record.settings["data"]["name"].partition(":")[2]
        trials = [each for each in record.trials if each.reused is None]
        complete = [each for each in trials if each.state == "complete"]
        for trial in trials:
            network = trial.architecture
            if {stage.block for stage in network.stages} != {Plain()}:
                continue
            error = trial.val_error if trial.state == "complete" else estimate(trial, complete)
            if error is not None:
                rows.append(
                    {
                        "search": path.stem,
                        "experience": record.settings.get("experience") or "none",
                        "images": Path(name).name,
                        "epochs": record.settings["recipe"]["epochs"],
                        "side": network.input[1],
                        "budget": record.settings["budget"]["complexity"],
                        "network": format_notation(network.stages),
                        "complexity": complexity(network),
                        "state": trial.state,
                        "error": round(error, 5),
                    }
                )
    return rows


def estimate(trial, complete) -> float | None:
    """The final error that a pruned trial's last training loss foretells."""
    if trial.state != "pruned" or not trial.train_losses:
        return None
    rung = max(trial.train_losses)
    pairs = [(e.train_losses[rung], e.val_error) for e in complete if rung in e.train_losses]
    if len(pairs) < 4:
        return None
    slope, start = np.polyfit(*zip(*pairs, strict=True), 1)
    worst = max(each.val_error for each in complete)
    return float(min(start + slope * trial.train_losses[rung], max(worst, 0.9)))


def collected_reports(folders: list[Path]) -> list[dict]:
    """The networks of the trials of reports, without baselines, and their errors."""
    rows = []
    for folder in folders:
        settings = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["settings"]
        with (folder / "trials.csv").open(newline="", encoding="utf-8") as file:
            trials = [each for each in csv.DictReader(file) if not each["baseline"]]
        complete = [each for each in trials if each["state"] == "complete"]
        for trial in trials:
            is_complete = trial["state"] == "complete"
            error = trial["val_error"] if is_complete else estimate_by_error(trial, complete)
            if trial.get("repeat_of") or error is None:
                continue
            side = (trial.get("resolution") or str(settings["space"]["input"][1])).split("x")[0]
            rows.append(
                {
                    "space": settings["space"]["name"],
                    "search": f"{folder.name}-{folder.parent.name}",
                    "experience": settings.get("experience") or "none",
                    "images": Path(settings["data"]["name"].partition(":")[2]).name,
                    "epochs": settings["recipe"]["epochs"],
                    "side": side,
                    "budget": settings["budget"]["complexity"],
                    "network": trial["network"],
                    "complexity": trial["complexity"],
                    "state": trial["state"],
                    "error": round(float(error), 5),
                    "head": trial.get("head") or "gap",
                }
            )
    return rows


def estimate_by_error(trial, complete) -> float | None:
    """The final error that a pruned trial's error at its last rung foretells."""
    rungs = [key for key in trial if key.startswith(RUNG) and trial[key]]
    rung = max(rungs, key=lambda each: int(each.removeprefix(RUNG)), default=None)
    if trial["state"] != "pruned" or rung is None:
        return None
    pairs = [(float(each[rung]), float(each["val_error"])) for each in complete if each[rung]]
    slope, start = np.polyfit(*zip(*pairs, strict=True), 1)
    least = min(error for _, error in pairs)
    return float(np.clip(start + slope * float(trial[rung]), least, 0.9))


def read(folder: Path, *, blocks: bool = False) -> tuple[list[dict], np.ndarray]:
    """The rows, and the numbers of their networks; with `blocks` of all blocks."""
    rows = _rows(folder / "trainings.csv")
    if blocks:
        rows += _rows(folder / "blocks.csv")
    largest = {}  # side of the images of a space, pixels
    for row in rows:
        row.setdefault("space", "plain-32")
        largest[row["space"]] = max(int(row["side"]), largest.get(row["space"], 0))
    numbers = np.array([_numbers(row, largest[row["space"]]) for row in rows])
    return rows, numbers if blocks else numbers[:, :PLAIN_NUMBERS]


def _rows(path: Path) -> list[dict]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _numbers(row: dict, largest: int) -> np.ndarray:
    side, head = int(row["side"]), head_named(row.get("head", "gap"))
    stages = parse_notation(row["network"])
    return numbers_of(Architecture((3, side, side), stages, head, 10, norm="batch"), largest)


def learnt(rows: list[dict], numbers: np.ndarray, which: np.ndarray) -> Experience:
    errors = np.array([float(row["error"]) for row in rows])
    tasks = [f"{row['images']} {row['epochs']}" for row in rows]
    chosen = [task for task, is_chosen in zip(tasks, which, strict=True) if is_chosen]
    return Experience.learnt(numbers[which], errors[which], chosen, RIDGE)


@dataclass(frozen=True)
class Columns:
    """The rows by column."""

    errors: np.ndarray
    budgets: np.ndarray
    is_near: np.ndarray  # whether the network is near the limit of its search
    images: np.ndarray
    names: np.ndarray

    @classmethod
    def of(cls, rows: list[dict]) -> "Columns":
        errors, budgets, macs = (
            np.array([float(row[name]) for row in rows])
            for name in ("error", "budget", "complexity")
        )
        images, names = (np.array([row[name] for row in rows]) for name in ("images", "search"))
        return cls(errors, budgets, macs > NEAR_LIMIT * budgets, images, names)

    def ranks(self, expected: np.ndarray, unseen: np.ndarray) -> tuple[float, float]:
        """Mean correlation over the unseen searches: all networks, and those near the limit."""
        searches = sorted(set(self.names[unseen]))
        all_, near = (
            fmean(
                spearmanr(expected[own], self.errors[own])[0]
                for own in (chosen & (self.names == name) for name in searches)
            )
            for chosen in (unseen, unseen & self.is_near)
        )
        return all_, near


def report(rows: list[dict], numbers: np.ndarray) -> list[str]:
    """A Markdown table: how well the model ranks searches that it has not seen."""
    columns = Columns.of(rows)
    images, budgets = columns.images, columns.budgets
    guided = np.array([row["experience"] != "none" for row in rows])
    lines = [
        "| images | budget | guided | searches | networks | learnt from | all | near the limit |",
        "|---|--:|---|--:|--:|--:|--:|--:|",
    ]
    for kind, budget, is_guided in sorted(
        {*zip(images.tolist(), budgets.tolist(), guided.tolist(), strict=True)}
    ):
        same = (images == kind) & (budgets == budget)
        unseen = same & (guided == is_guided)
        others = ~same & (images == "cifar10")
        expected = learnt(rows, numbers, others).expected(numbers)
        all_, near = columns.ranks(expected, unseen)
        lines.append(
            f"| {kind} | {budget / 1e6:.1f} M | {'yes' if is_guided else 'no'} | "
            f"{len(set(columns.names[unseen]))} | {unseen.sum()} | {others.sum()} | {all_:.2f} | "
            f"{near:.2f} |"
        )
    return lines


def report_spaces(rows: list[dict], numbers: np.ndarray) -> list[str]:
    """A Markdown table: how well it ranks searches at a budget, or in a space, not seen before."""
    columns = Columns.of(rows)
    images, budgets = columns.images, columns.budgets
    spaces = np.array([row["space"] for row in rows])
    lines = [
        "| space | budget | searches | networks | without the budget: all | near the limit | "
        "without the space: all | near the limit |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    is_cifar = images == "cifar10"
    for space, budget in sorted({*zip(spaces[is_cifar], budgets[is_cifar], strict=True)}):
        unseen = is_cifar & (spaces == space) & (budgets == budget)
        cells = []
        for others in (is_cifar & (budgets != budget), is_cifar & (spaces != space)):
            expected = learnt(rows, numbers, others).expected(numbers)
            cells += [f"{rank:.2f}" for rank in columns.ranks(expected, unseen)]
        many = len(set(columns.names[unseen]))
        lines.append(
            f"| {space} | {budget / 1e6:.1f} M | {many} | {unseen.sum()} | {' | '.join(cells)} |"
        )
    return lines


def write_rows(path: Path, fields: tuple[str, ...], rows: list[dict]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fields)
        writer.writeheader()
        writer.writerows(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("results/experience"))
    parser.add_argument("--collect", nargs="+", type=Path, help="studies to take trainings from")
    parser.add_argument("--collect-reports", nargs="+", type=Path, help="reports, for any block")
    parser.add_argument("--blocks", action="store_true", help="learn from networks of all blocks")
    parser.add_argument("--write", type=Path, help="file for the model that is learnt")
    parser.add_argument("--without", nargs="+", default=[], help="searches to leave out")
    args = parser.parse_args()
    if args.collect:
        write_rows(args.out / "trainings.csv", FIELDS, collected(args.collect))
    if args.collect_reports:
        rows = collected_reports(args.collect_reports)
        write_rows(args.out / "blocks.csv", BLOCK_FIELDS, rows)
    rows, numbers = read(args.out, blocks=args.blocks)
    print("\n".join((report_spaces if args.blocks else report)(rows, numbers)))
    if args.write:
        which = np.array([not row["search"].startswith(tuple(args.without)) for row in rows])
        model = learnt(rows, numbers, which)
        args.write.write_text(json.dumps(model.to_dict()) + "\n", encoding="utf-8")
        print(f"{args.write}: learnt from {which.sum()} trainings")


if __name__ == "__main__":
    main()
