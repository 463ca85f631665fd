"""What `search_training.py` has measured: kept as CSV, summed up, and drawn."""

import csv
import json
from pathlib import Path
from statistics import fmean

import numpy as np
from pruning import hypervolume

FIELDS = ("method", "seed", "at_s", "trial", "state", "epochs", "complexity", "val_error",
          "network")  # fmt: skip


def summarise(out: Path) -> None:
    """Means over seeds, the hypervolume over time as a picture, a last line of JSON."""
    rows = read(out / "found.csv")
    summary = {}
    for method in dict.fromkeys(row["method"] for row in rows):
        own = [row for row in rows if row["method"] == method]
        mean = {
            key: fmean(float(row[key]) for row in own)
            for key in ("finished", "pruned", "epochs", "best_observed", "val_error", "test_error")
            if all(row[key] for row in own)  # no errors without reruns
        }
        summary[method] = {"seeds": len(own), **{k: round(v, 4) for k, v in mean.items()}}
        print(method, summary[method])
    draw(out)
    print(json.dumps(summary))


def draw(out: Path) -> None:
    from matplotlib.figure import Figure

    rows = [row for row in read(out / "trials.csv") if row["state"] == "complete"]
    most = max(int(row["complexity"]) for row in rows)
    end = max(float(row["at_s"]) for row in rows)
    times = np.linspace(0, end, 200)
    figure = Figure(figsize=(8, 5), dpi=150, layout="constrained")
    axes = figure.add_subplot()
    for method in dict.fromkeys(row["method"] for row in rows):
        own = [row for row in rows if row["method"] == method]
        curves = []
        for seed in {row["seed"] for row in own}:
            trials = [row for row in own if row["seed"] == seed]
            curves.append([
                hypervolume([
                    (int(r["complexity"]), float(r["val_error"]))
                    for r in trials if float(r["at_s"]) <= at
                ], most)
                for at in times
            ])  # fmt: skip
        axes.plot(times, np.mean(curves, axis=0), label=f"{method} ({len(curves)} seeds)")
        axes.fill_between(times, np.min(curves, axis=0), np.max(curves, axis=0), alpha=0.15)
    axes.set_xlabel("wall time of the search, s")
    axes.set_ylabel("hypervolume of error and multiply-adds")
    axes.legend(frameon=False)
    axes.grid(visible=True, color="#e5e8eb")
    figure.savefig(out / "hypervolume.png")


def read(file: Path) -> list[dict[str, str]]:
    if not file.exists():
        return []
    with file.open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def append(file: Path, fields: tuple[str, ...], rows: list[dict[str, object]]) -> None:
    new = not file.exists()
    with file.open("a", newline="", encoding="utf-8") as lines:
        writer = csv.DictWriter(lines, fields)
        if new:
            writer.writeheader()
        writer.writerows(rows)
