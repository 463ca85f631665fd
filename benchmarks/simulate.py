"""Searches in simulation through faults at every seam: the real driver, sampler and study.

    python benchmarks/simulate.py --seeds 1000
    python benchmarks/simulate.py --first 4711 --seeds 1     # one that failed, again

Each seed is a search of 3 to 10 trials with one to four workers that train nothing, through kills
between any two writes, a full disk, lost and failing workers, Ctrl-C and the end of a time limit.
After each end the study is checked. Prints a line for each seed that breaks a promise, and in the
end the numbers of searches, starts, faults by kind and checks as JSON; exit code 1 if any broke.
"""

import argparse
import json
import multiprocessing
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import optuna
from simulated_search import BrokenError, simulate

MEMORY = Path("/dev/shm")  # quicker than a disk, where there is one


def one(seed: int) -> tuple[int, str | None, int, int, Counter[str]]:
    """A search: its seed, the broken promise, starts, checks and faults by kind."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        try:
            outcome = simulate(seed, Path(folder))
        except BrokenError as error:
            return seed, str(error), 0, 0, Counter()
    faults: Counter[str] = Counter()
    for (kind, _), times in outcome.struck.items():
        faults[kind] += times
    return seed, None, outcome.starts, outcome.checks, faults


def main() -> int:
    """Runs the searches and prints what became of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=1000, help="number of searches")
    parser.add_argument("--first", type=int, default=0, help="first seed")
    parser.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)))
    args = parser.parse_args()
    started = time.monotonic()
    starts = checks = 0
    faults: Counter[str] = Counter()
    broken = []
    with multiprocessing.get_context("spawn").Pool(args.processes) as pool:
        seeds = range(args.first, args.first + args.seeds)
        for seed, error, its_starts, its_checks, its_faults in pool.imap_unordered(one, seeds, 8):
            starts += its_starts
            checks += its_checks
            faults += its_faults
            if error is not None:
                broken.append(seed)
                print(f"seed {seed}: {error}", flush=True)
    seconds = time.monotonic() - started
    figures = {
        "searches": args.seeds,
        "starts": starts,
        "faults": dict(sorted(faults.items())),
        "checks": checks,
        "broken": sorted(broken),
        "seconds": round(seconds, 1),
        "searches_per_minute": round(60 * args.seeds / seconds),
    }
    print(json.dumps(figures))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
