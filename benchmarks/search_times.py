"""Times a study's front again: are its members within the budget by a fresh process?

    python benchmarks/search_times.py STUDY.db

Each network of the front is timed as `nas-tc time` does, with the reference of the study's first
limit on a time, or alone where the limit is in milliseconds. Prints a table; its last line is JSON.
"""

import json
import os
import sys
from functools import partial
from pathlib import Path

import torch

from nas_tc._heap import keep_memory
from nas_tc.architecture import Architecture
from nas_tc.data.cache import cache_folder
from nas_tc.study import read_study
from nas_tc.timing import (
    Setting,
    find_reference_speed,
    one_thread,
    stopwatch,
    time_rebuilds,
    work_of,
)

CPU = torch.device("cpu")
SLACK = 1.02
REBUILDS = 15


def main() -> None:
    record = read_study(Path(sys.argv[1]))
    limit = record.settings["budget"]["times"][0]
    name, most = limit["name"], limit["most"]
    what, _, batch = name.partition("@b")
    setting = Setting("forward" if what == "latency" else "train_step", int(batch or 1))
    print(f"{limit['expression']}: at most {most}, load {os.getloadavg()[0]:.1f}")
    print("| trial | in the search | again | interval | within 2 % |")
    print("|--:|--:|--:|---|---|")
    again = {}
    keep_memory()  # as nas-tc time does
    with one_thread():
        watch = stopwatch(CPU, find_reference_speed(CPU, cache_folder()))
        for trial in record.front:
            networks = [trial.architecture]
            if limit["reference"] is not None:
                networks.append(Architecture.from_dict(limit["reference"]))
            builders = [partial(work_of, each, setting, CPU) for each in networks]
            times = time_rebuilds(watch, builders, rebuilds=REBUILDS)
            kind = "ms" if limit["reference"] is None else "ratio"
            before = trial.times[name][kind]
            found = times.time() if kind == "ms" else times.ratio()
            again[trial.number] = found.value
            print(
                f"| {trial.number} | {before:.4f} | {found.value:.4f} | {found.low:.4f} to "
                f"{found.high:.4f} | {'yes' if found.value <= SLACK * most else 'no'} |",
                flush=True,
            )
    kept = sum(value <= SLACK * most for value in again.values())
    print(f"{kept} of {len(again)} members are within the budget or 2 % of it")
    print(json.dumps({"limit": limit["expression"], "again": again}))


if __name__ == "__main__":
    main()
