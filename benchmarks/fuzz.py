"""Feeds everything that reads input with damaged examples, and prints what it took and how long.

    python -m benchmarks.fuzz --inputs 100000
    python -m benchmarks.fuzz --inputs 1000 --target image --seed 7

Only errors of nas-tc may come out; nothing may take a second of processor time, or 100 MB.
"""

import argparse
import os
import random
import resource
import sys
import time
import traceback
import warnings
from pathlib import Path

os.environ["NAS_TC_CACHE"] = "off"  # nothing is left in the home folder
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from fuzzing import TARGETS, fed

MOST_S = 1.0
MOST_MB = 100.0


def memory_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def fuzz(name, inputs, seed):
    """Feeds one target; returns the number of failures, each of which is printed once."""
    target = TARGETS[name]
    seeds = target.seeds()
    for each in seeds:
        target.read(each)
    before, taken, longest, failures = memory_mb(), 0, 0.0, {}
    began = time.perf_counter()
    for number in range(inputs):
        chosen = random.Random(f"{seed} {name} {number}")
        value = target.change(chosen.choice(seeds), chosen)
        start = time.process_time()
        try:
            taken += fed(target, value)
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            where = traceback.extract_tb(error.__traceback__)[-1]
            key = (type(error).__name__, where.filename, where.lineno)
            if key not in failures:
                shown = repr(value)[:300]
                print(f"{name} {number}: {type(error).__name__}: {error} at {key[1:]}: {shown}")
            failures[key] = failures.get(key, 0) + 1
        spent = time.process_time() - start
        longest = max(longest, spent)
        if spent > MOST_S:
            print(f"{name} {number}: {spent:.1f} s: {repr(value)[:300]}")
            failures["slow"] = failures.get("slow", 0) + 1
        if memory_mb() - before > MOST_MB:
            print(f"{name} {number}: {memory_mb() - before:.0f} MB: {repr(value)[:300]}")
            failures["memory"] = failures.get("memory", 0) + 1
            before = memory_mb()
    count = sum(failures.values())
    print(
        f"{name:20} {inputs:7,} inputs, {taken / inputs:5.1%} taken, longest {1000 * longest:6.1f} "
        f"ms, {memory_mb() - before:5.1f} MB, {time.perf_counter() - began:.0f} s, {count} failed",
        flush=True,
    )
    return count


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=1000, help="inputs of each target")
    parser.add_argument("--target", action="append", choices=TARGETS, help="only this one")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    failures = sum(fuzz(each, options.inputs, options.seed) for each in options.target or TARGETS)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
