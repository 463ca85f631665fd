"""Times a study's front again: are its members within the budget by a fresh process?

    python benchmarks/search_times.py STUDY.db

Each network of the front is timed as `nas-tc time` does, in the runtime and with the reference of
the study's first limit on a time, or alone where the limit is in milliseconds. Prints a table; its
last line is JSON. The exit code is 1 if a member is over the limit by more than 2 %.
"""

import json
import os
import sys
from functools import partial
from pathlib import Path

import torch

from nas_tc._heap import keep_memory
from nas_tc.budget import parse_budget
from nas_tc.data.cache import cache_folder
from nas_tc.study import read_study
from nas_tc.timing import (
    find_reference_speed,
    one_thread,
    stopwatch,
    time_limits,
    time_rebuilds,
    work_of,
)

CPU = torch.device("cpu")
SLACK = 1.02
REBUILDS = 15


def main() -> None:
    record = read_study(Path(sys.argv[1]))
    settings = record.settings
    bounds = parse_budget(settings["budget"]["expression"]).times
    shape, classes = tuple(settings["data"]["shape"]), len(settings["data"]["classes"])
    limit = time_limits(bounds, shape, classes, "cpu")[0]
    setting, name = limit.setting, limit.name
    print(f"{limit.text}: at most {limit.most}, load {os.getloadavg()[0]:.1f}")
    print("| trial | in the search | again | interval | within 2 % |")
    print("|--:|--:|--:|---|---|")
    again = {}
    keep_memory()  # as nas-tc time does
    with one_thread():
        watch = stopwatch(CPU, find_reference_speed(CPU, cache_folder(), setting.runtime))
        for trial in record.front:
            networks = [trial.architecture]
            if limit.reference is not None:
                networks.append(limit.reference)
            builders = [partial(work_of, each, setting, CPU) for each in networks]
            times = time_rebuilds(watch, builders, rebuilds=REBUILDS)
            kind = "ms" if limit.reference is None else "ratio"
            before = trial.times[name][kind]
            found = times.time() if kind == "ms" else times.ratio()
            again[trial.number] = found.value
            print(
                f"| {trial.number} | {before:.4f} | {found.value:.4f} | {found.low:.4f} to "
                f"{found.high:.4f} | {'yes' if found.value <= SLACK * limit.most else 'no'} |",
                flush=True,
            )
    kept = sum(value <= SLACK * limit.most for value in again.values())
    print(f"{kept} of {len(again)} members are within the budget or 2 % of it")
    print(json.dumps({"limit": limit.text, "most": limit.most, "again": again}))
    sys.exit(0 if kept == len(again) else 1)


if __name__ == "__main__":
    main()
