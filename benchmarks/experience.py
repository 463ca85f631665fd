"""What earlier trainings say of networks that were not trained: learnt here, and tried.

    python benchmarks/experience.py --collect STUDY.db ... --out results/experience
    python benchmarks/experience.py --out results/experience --write nas_tc/experience/plain-1.json

The first command takes the plain networks of studies, with their errors; those of pruned trials are
estimated from their last training loss, by a line through the complete trials of the same study.
The second learns from them and prints how well the model ranks networks of searches that it has not
seen: all searches on the same images and near the same budget are left out in turn, those on other
images always (Spearman's correlation with the error, over all networks of a search and over those
above 0.7 of its budget; apart for searches that an experience has guided, whose networks are
alike). `--without` leaves out searches by their names' beginnings, to
try a search with a model that knows nothing of its images or its budget.
"""

import argparse
import csv
import json
from collections import defaultdict
from pathlib import Path
from statistics import fmean

import numpy as np
from scipy.stats import spearmanr

from nas_tc.architecture import GAP, Architecture, Plain, format_notation, parse_notation
from nas_tc.cost import complexity
from nas_tc.experience import Experience, numbers_of
from nas_tc.study import read_study

RIDGE = 100.0
NEAR_LIMIT = 0.7
FIELDS = (
    "search", "experience", "images", "epochs", "side", "budget", "network", "complexity",
    "state", "error",
)  # fmt: skip


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


def read(folder: Path) -> tuple[list[dict], np.ndarray]:
    """The rows, and the numbers of their networks."""
    with (folder / "trainings.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    networks = []
    for row in rows:
        side = int(row["side"])
        networks.append(
            Architecture((3, side, side), parse_notation(row["network"]), GAP, 10, norm="batch")
        )
    return rows, np.array([numbers_of(each) for each in networks])


def learnt(rows: list[dict], numbers: np.ndarray, which: np.ndarray) -> Experience:
    errors = np.array([float(row["error"]) for row in rows])
    tasks = [f"{row['images']} {row['epochs']}" for row in rows]
    chosen = [task for task, is_chosen in zip(tasks, which, strict=True) if is_chosen]
    return Experience.learnt(numbers[which], errors[which], chosen, RIDGE)


def report(rows: list[dict], numbers: np.ndarray) -> list[str]:
    """A Markdown table: how well the model ranks searches that it has not seen."""
    errors = np.array([float(row["error"]) for row in rows])
    budgets = np.array([float(row["budget"]) for row in rows])
    macs = np.array([float(row["complexity"]) for row in rows])
    images = np.array([row["images"] for row in rows])
    names = np.array([row["search"] for row in rows])
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
        found = defaultdict(list)
        for name in sorted(set(names[unseen])):
            own = names == name
            for what, chosen in ("all", own), ("near", own & (macs > NEAR_LIMIT * budgets)):
                found[what].append(spearmanr(expected[chosen], errors[chosen])[0])
        lines.append(
            f"| {kind} | {budget / 1e6:.1f} M | {'yes' if is_guided else 'no'} | "
            f"{len(found['all'])} | {unseen.sum()} | {others.sum()} | {fmean(found['all']):.2f} | "
            f"{fmean(found['near']):.2f} |"
        )
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("results/experience"))
    parser.add_argument("--collect", nargs="+", type=Path, help="studies to take trainings from")
    parser.add_argument("--write", type=Path, help="file for the model that is learnt")
    parser.add_argument("--without", nargs="+", default=[], help="searches to leave out")
    args = parser.parse_args()
    if args.collect:
        args.out.mkdir(parents=True, exist_ok=True)
        with (args.out / "trainings.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, FIELDS)
            writer.writeheader()
            writer.writerows(collected(args.collect))
    rows, numbers = read(args.out)
    print("\n".join(report(rows, numbers)))
    if args.write:
        which = np.array([not row["search"].startswith(tuple(args.without)) for row in rows])
        model = learnt(rows, numbers, which)
        args.write.write_text(json.dumps(model.to_dict()) + "\n", encoding="utf-8")
        print(f"{args.write}: learnt from {which.sum()} trainings")


if __name__ == "__main__":
    main()
