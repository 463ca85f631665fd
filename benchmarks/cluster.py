"""Share of busy workers in a cluster, by the durations of real trainings: a simulation.

    python benchmarks/cluster.py results/search-cifar10/seed-0/trials.csv ...
    python benchmarks/cluster.py --proposal-ms 100 --drivers 4 results/*/*/trials.csv

The driver answers one worker at a time: it records a rung, and when a training has ended, it asks
for the next network. A worker waits meanwhile. Trainings are drawn from trials.csv files of
searches: their seconds (train_s) and rungs; those that were pruned end early, as they did. The
search has `--per-worker` trainings a worker. Prints the share of the workers' time that is not
spent waiting, and how busy the drivers are; the tail at the end of a search, when no training is
left to begin, is left out of the first share.
"""

import argparse
import csv
import heapq
import json
import random
from itertools import pairwise
from pathlib import Path


def trainings_of(paths) -> list[tuple[float, ...]]:
    """Seconds of each training of the searches, rung by rung."""
    found = []
    for path in paths:
        with Path(path).open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                if not row.get("train_s") or row["state"] not in ("complete", "pruned"):
                    continue
                rungs = [
                    int(name.partition("@")[2])
                    for name, value in row.items()
                    if name.startswith("val_") and "@" in name and value
                ]
                if not rungs:
                    continue
                an_epoch = float(row["train_s"]) / max(rungs)
                ends = [0, *sorted(rungs)]
                found.append(tuple(an_epoch * (b - a) for a, b in pairwise(ends)))
    return found


def simulate(trainings, workers, drivers, proposal_s, rung_s, per_worker, seed=0) -> dict:
    """One search; shares of time.

    Args:
        trainings: Seconds of each rung of each training.
        workers: Number of workers, dealt to the drivers in turn.
        drivers: Number of drivers with the same study.
        proposal_s: Seconds of a driver for the next network. Proposals of drivers do not overlap.
        rung_s: Seconds of a driver for an answer.
        per_worker: Number of trainings a worker.
        seed: Seed of the draws.
    """
    draw = random.Random(seed)
    left = workers * per_worker
    free = [0.0] * drivers  # when each driver has answered all before
    turn = 0.0  # when the last proposal of all drivers ends
    busy = waited = trained = 0.0
    steady_waited, steady_s = 0.0, None
    # Answers of workers by their time, with the rungs that follow; all begin with a question.
    answers = [(0.0, worker, ()) for worker in range(workers)]
    heapq.heapify(answers)
    now = 0.0
    while answers:
        now, worker, rungs = heapq.heappop(answers)
        driver = worker % drivers
        begun = max(now, free[driver])
        done = begun + rung_s
        if not rungs:
            if not left:
                free[driver] = done
                busy += done - begun
                if steady_s is None:
                    steady_s, steady_waited = now, waited
                continue
            left -= 1
            done = max(done, turn) + proposal_s
            turn = done
            rungs = draw.choice(trainings)
        free[driver] = done
        busy += done - begun
        waited += done - now
        trained += rungs[0]
        heapq.heappush(answers, (done + rungs[0], worker, rungs[1:]))
    return {
        "busy": 1 - steady_waited / (workers * steady_s),
        "whole": trained / (workers * now),
        "driver": busy / (drivers * now),
        "hours": now / 3600,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("trials", nargs="+", help="trials.csv of searches")
    parser.add_argument("--workers", type=int, nargs="+", default=[2, 8, 32, 100, 300, 1000])
    parser.add_argument("--drivers", type=int, default=1)
    parser.add_argument("--proposal-ms", type=float, default=40.0)
    parser.add_argument("--rung-ms", type=float, default=5.0)
    parser.add_argument("--per-worker", type=int, default=20)
    parser.add_argument("--times", type=float, default=1.0, help="longer trainings")
    args = parser.parse_args()
    trainings = [
        tuple(args.times * seconds for seconds in each) for each in trainings_of(args.trials)
    ]
    mean = sum(map(sum, trainings)) / len(trainings)
    print(f"{len(trainings)} trainings, {mean:.1f} s each; proposal {args.proposal_ms:g} ms")
    figures = {"mean_s": round(mean, 1)}
    for workers in args.workers:
        found = simulate(
            trainings,
            workers,
            args.drivers,
            args.proposal_ms / 1e3,
            args.rung_ms / 1e3,
            args.per_worker,
        )
        figures[workers] = {name: round(value, 3) for name, value in found.items()}
        busy, whole, driver = (found[name] for name in ("busy", "whole", "driver"))
        print(f"{workers:>5} workers: {busy:6.1%}, with the tail {whole:6.1%}; driver {driver:.1%}")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
