"""What timing takes of a search's wall time once the table is warm.

    python benchmarks/timing.py --part search [--networks 150] [--trials 100] [--budget BUDGET]

Fills a table in a folder of its own, then trains networks of plain-32 on the digits; half of the
space is within the budget, or take `--budget`. The front is timed once more by a fresh process.
"""

import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from itertools import islice
from pathlib import Path
from statistics import fmean, median
from typing import Any

import torch

from nas_tc import search
from nas_tc.budget import parse_budget
from nas_tc.latency import TimeTable, calibrate, default_table, networks_of, time_network
from nas_tc.search import NullListener
from nas_tc.space import load_space
from nas_tc.study import StudyRecord
from nas_tc.timing import Setting, find_reference_speed, one_thread, time_limits
from nas_tc.training import settle_on_core, take_huge_pages

CPU = torch.device("cpu")


def searching(budget: str | None, networks: int, trials: int) -> dict[str, Any]:
    """Timing's share of a search: seconds that workers spent on it, over the wall time."""
    space = load_space("plain-32").at((1, 32, 32), 10)  # the digits
    with tempfile.TemporaryDirectory() as folder, one_thread():
        os.environ["NAS_TC_CACHE"] = folder
        settle_on_core()
        take_huge_pages()
        speed = find_reference_speed(CPU, Path(folder))
        table = TimeTable.here(CPU)
        table.rescale_to(None if speed is None else speed.quiet_ms)
        times = table.of(Setting())
        started = time.monotonic()
        for limit in time_limits(parse_budget(budget or "1M").times, (1, 32, 32), 10, "cpu"):
            if limit.reference is not None:
                time_network(
                    times,
                    limit.reference,
                    Setting(),
                    CPU,
                    check=False,
                    reference_speed=speed,
                )
        timed = list(
            calibrate(times, space, Setting(), CPU, networks=networks, reference_speed=speed)
        )
        filling_s = time.monotonic() - started
        table.write(default_table(Path(folder), table.machine))
        drawn = list(islice(networks_of(space, random.Random(2)), 500))
        predicted_ms = median(found.ms for each in drawn if (found := times.predict(each)))
        budget = budget or f"latency<={predicted_ms:.4f}ms"
        print(f"{len(timed)} networks in {filling_s:.0f} s, {len(times.layers)} layers; {budget}")
        record = search(
            budget,
            data="digits",
            trials=trials,
            study=Path(folder) / "study.db",
            device="cpu",
            listener=Notes(),
            baselines="none",
        )
        if "timing_s" not in record.timing:  # written only at the end
            sys.exit("the search was stopped: no share of its time is known")
        states = Counter(trial.state for trial in record.trials)
        seconds = sorted(trial.timing_s for trial in record.trials if trial.timing_s is not None)
        low, high = times.error_range or (0.0, 0.0)
        found = {
            "table_error": f"{low - 1:+.1%} to {high - 1:+.1%}",
            "budget": budget,
            **record.timing,
            "share": record.timing["timing_s"] / record.timing["search_s"],
            "states": dict(states),
            "verdicts": dict(
                Counter(f["verdict"] for t in record.trials for f in t.times.values())
            ),
            "median_timing_s": median(seconds) if seconds else None,
            "worst_timing_s": seconds[-1] if seconds else None,
            "mean_train_s": fmean(t.train_s for t in record.trials if t.train_s is not None),
            "front": len(record.front),
            "front_within": again_within(record),
        }
    for name, value in found.items():
        print(f"{name:16} {value}")
    return found


def again_within(record: StudyRecord) -> str:
    """The front timed once more by a fresh process, as the budget counts it."""
    script = Path(__file__).with_name("search_times.py")
    command = [sys.executable, str(script), str(record.path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    print(done.stdout)
    return done.stdout.splitlines()[-2]


class Notes(NullListener):
    """Prints what a search has to say once."""

    def note(self, text: str) -> None:
        print(text, flush=True)
