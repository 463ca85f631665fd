"""Tables and plots of what `search_quality.py` measured."""

import csv
from pathlib import Path

import numpy as np


def read(path: Path) -> list[dict]:
    if not path.exists():
        return []
    with path.open() as file:
        return list(csv.DictReader(file))


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
        names = ["regret"] + ["regret_of_best_observed"] * method.startswith("ours")
        for name in names:
            cells = [
                f"{own[n][name]:.3f} ± {own[n][name + '_interval']:.3f}" if n in own else ""
                for n in columns
            ]
            label = method if name == "regret" else f"{method}, best observed"
            studies = next(iter(own.values()))["studies"]
            text.append(f"| {limit} | {label} | {studies} | " + " | ".join(cells) + " |")
    head = "| limit | method | studies | " + " | ".join(map(str, columns)) + " |"
    rule = "|---" * (3 + len(columns)) + "|"
    (folder / "table.md").write_text("\n".join([head, rule, *text]) + "\n")


def write_plot(lines: list[dict], name: str, label: str, file: Path, order: list[str]) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    limits = sorted({line["limit"] for line in lines})
    figure, axes = plt.subplots(1, len(limits), figsize=(4.2 * len(limits), 3.4), squeeze=False)
    methods = sorted({line["method"] for line in lines}, key=order.index)
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
