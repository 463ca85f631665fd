"""A search under a limit on time whose table of layer times knows nothing at first.

    python benchmarks/timing_cold.py [--limits 0.3,0.8,2] [--trials 40] [--seeds 0]
                                     [--space plain-32] [--data digits] [--epochs N] [--out FILE]

Each search has a cache folder of its own, so that the reference speed, too, is measured first. Of
each it prints how many networks were timed and how many of them are over the limit, those of the
calibration included, timing's share of the wall time, and the front. One JSON line a search goes
to `--out`.
"""

import argparse
import json
import os
import re
import tempfile
from pathlib import Path
from typing import Any

import torch

from nas_tc import search
from nas_tc.latency import find_table
from nas_tc.search import NullListener
from nas_tc.study import StudyRecord
from nas_tc.timing import Setting, one_thread, timing_machine

_BOUNDS = "bounds: at most 25 % over, at most 10 % of the time, three networks on the front"


class Notes(NullListener):
    """Prints what a search has to say once, and counts the networks of the calibration."""

    calibrated = 0

    def note(self, text: str) -> None:
        print(text, flush=True)
        if found := re.fullmatch(r"times: (\d+) networks timed in [\d.]+ s", text):
            self.calibrated = int(found[1])


def cold_search(limit_ms: float, options: argparse.Namespace, seed: int) -> dict[str, Any]:
    """The figures of one search from an empty cache."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["NAS_TC_CACHE"] = str(Path(folder) / "cache")
        listener = Notes()
        record = search(
            f"latency<={limit_ms:g}ms",
            space=options.space,
            data=options.data,
            trials=options.trials,
            seed=seed,
            study=Path(folder) / "study.db",
            device="cpu",
            listener=listener,
            **({} if options.epochs is None else {"epochs": options.epochs}),
        )
        with one_thread():
            table = find_table(None, timing_machine(torch.device("cpu")))
    assert table is not None
    # The first profile is that of the cheapest network, the next are those of the calibration.
    profiled = [ms for _, ms in table.of(Setting()).workloads][1 : 1 + listener.calibrated]
    settings = {"limit_ms": limit_ms, "seed": seed, "epochs": options.epochs}
    return {**settings, **figures(record, limit_ms, profiled)}


def figures(record: StudyRecord, limit_ms: float, calibrated_ms: list[float]) -> dict[str, Any]:
    """What was timed, what was over the limit, and what it took."""
    measured = [
        time["ms"]
        for trial in record.trials
        if trial.timing_s is not None
        for time in trial.times.values()
    ]
    over = sum(ms > limit_ms for ms in measured)
    calibrated_over = sum(ms > limit_ms for ms in calibrated_ms)
    timed = len(measured) + len(calibrated_ms)
    errors = sorted(
        abs(time["predicted_ms"] / time["ms"] - 1)
        for trial in record.trials
        if trial.timing_s is not None
        for time in trial.times.values()
        if "predicted_ms" in time
    )
    return {
        "timed": timed,
        "over": over + calibrated_over,
        "over_share": (over + calibrated_over) / max(timed, 1),
        "calibrated": len(calibrated_ms),
        "calibrated_over": calibrated_over,
        "candidates_timed": len(measured),
        "candidates_over": over,
        "unmeasured": sum(
            time["verdict"] == "predicted" for t in record.trials for time in t.times.values()
        ),
        "worst_ms": max([*measured, *calibrated_ms], default=None),
        "median_error": errors[len(errors) // 2] if errors else None,
        "timing_s": record.timing["timing_s"],
        "search_s": record.timing["search_s"],
        "time_share": record.timing["timing_s"] / record.timing["search_s"],
        "trials": record.done,
        "front": len(record.front),
        "front_ms": [round(trial.times["latency"]["ms"], 3) for trial in record.front],
        "best_error": record.front[-1].mean_val_error if record.front else None,
    }


def main() -> None:
    """Runs the searches and prints a table of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limits", default="0.3,0.8,2", help="milliseconds, joined by commas")
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--seeds", default="0", help="joined by commas")
    parser.add_argument("--space", default="plain-32")
    parser.add_argument("--data", default="digits")
    parser.add_argument("--epochs", type=int, help="of each training; default: the recipe's")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    rows = []
    for seed in map(int, options.seeds.split(",")):
        for limit_ms in map(float, options.limits.split(",")):
            row = cold_search(limit_ms, options, seed)
            rows.append(row)
            print(json.dumps(row), flush=True)
            if options.out is not None:
                with options.out.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(row) + "\n")
    print("limit, ms  seed  timed  over           of the time  front")
    for row in rows:
        print(
            f"{row['limit_ms']:9g}  {row['seed']:4}  {row['timed']:5}  {row['over']:3} "
            f"({row['over_share']:6.1%})  {row['time_share']:11.1%}  {row['front']:5}"
        )
    print(_BOUNDS)


if __name__ == "__main__":
    main()
