"""Searches in simulation through faults at every seam: the real driver, pool, sampler and study.

    python benchmarks/simulate.py --seeds 1000
    python benchmarks/simulate.py --first 5000 --minutes 60   # as many as fit
    python benchmarks/simulate.py --first 4711 --seeds 1      # one that failed, again

Each seed is a search of 3 to 10 trials with one to four workers that train nothing, through kills
between any two writes, a full or read-only disk, workers that die, hang, run out of memory, answer
late, fail or diverge, nodes that are lost and join, clocks that step, damaged checkpoints, Ctrl-C
and the end of a time limit. After each end the study is checked. Prints a line for each seed that
breaks a promise or ends with any other error, and in the end, also after Ctrl-C, the numbers of
searches, starts, faults by kind and checks, and the processor time, as JSON; exit code 1 if any
broke.
"""

import argparse
import json
import multiprocessing
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import optuna
from simulated_search import simulate

MEMORY = Path("/dev/shm")  # quicker than a disk, where there is one
MOST = 10**9


def one(seed: int) -> tuple[int, str | None, int, int, Counter[str], float]:
    """A search: its seed, the broken promise, starts, checks, faults by kind, processor seconds."""
    began_s = time.process_time()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        try:
            outcome = simulate(seed, Path(folder))
        except Exception as error:  # noqa: BLE001 - whatever it is, a search must not end so
            took_s = time.process_time() - began_s
            return seed, f"{type(error).__name__}: {error}", 0, 0, Counter(), took_s
    faults: Counter[str] = Counter()
    for (kind, _), times in outcome.struck.items():
        faults[kind] += times
    return seed, None, outcome.starts, outcome.checks, faults, time.process_time() - began_s


def _ignore_ctrl_c() -> None:
    """Leaves Ctrl-C to the process that prints the figures."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def until(seeds: range, end_s: float) -> Iterator[int]:
    """The seeds, as long as time is left."""
    for seed in seeds:
        if time.monotonic() >= end_s:
            return
        yield seed


def main() -> int:
    """Runs the searches and prints what became of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, help="number of searches; 1000 without --minutes")
    parser.add_argument("--minutes", type=float, help="no search begins after so many minutes")
    parser.add_argument("--first", type=int, default=0, help="first seed")
    parser.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)))
    args = parser.parse_args()
    started = time.monotonic()
    end_s = started + 60 * args.minutes if args.minutes else float("inf")
    count = args.seeds or (MOST if args.minutes else 1000)
    searches = starts = checks = 0
    processor_s = 0.0
    faults: Counter[str] = Counter()
    broken = []
    with (
        suppress(KeyboardInterrupt),
        multiprocessing.get_context("spawn").Pool(args.processes, _ignore_ctrl_c) as pool,
    ):
        left = until(range(args.first, args.first + count), end_s)
        while batch := [seed for _, seed in zip(range(64 * args.processes), left, strict=False)]:
            for seed, error, *its in pool.imap_unordered(one, batch):
                its_starts, its_checks, its_faults, its_s = its
                searches += 1
                starts += its_starts
                checks += its_checks
                faults += its_faults
                processor_s += its_s
                if error is not None:
                    broken.append(seed)
                    print(f"seed {seed}: {error}", flush=True)
    seconds = time.monotonic() - started
    figures = {
        "searches": searches,
        "starts": starts,
        "faults": dict(sorted(faults.items())),
        "faults_in_all": sum(faults.values()),
        "checks": checks,
        "broken": sorted(broken),
        "processor_ms_per_search": round(1000 * processor_s / max(1, searches), 1),
        "seconds": round(seconds, 1),
        "searches_per_minute": round(60 * searches / seconds),
    }
    print(json.dumps(figures))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
