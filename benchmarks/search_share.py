"""What share of the workers' wall time a search spends in training and validation.

    python benchmarks/search_share.py --data parquet:DIR      # about three minutes
    python benchmarks/search_share.py                         # the digits, about a minute

Two workers, networks of about ten seconds each. A worker's wall time begins when the search has
asked Ray for it and ends with the search's last network; what is not training or validation is
split by what the worker did or waited for:

- start-up: its process starts and loads torch;
- data: it takes the images into its hands;
- building: networks are built, their weights packed;
- driver: it waits for the next network or the word to go on;
- end: the other worker is at the last network.

The last line is JSON.
"""

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

from nas_tc import search
from nas_tc.search import pool
from nas_tc.search.worker import Worker

FOLDER = "NAS_TC_SEARCH_SHARE"  # where workers note what they did when


def noted(what, started, **values):
    line = {"what": what, "start": started, "end": time.time(), **values}
    with (Path(os.environ[FOLDER]) / f"{os.getpid()}.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\n")


class ClockedWorker(Worker):
    """A worker that writes down what it does when; the cost of that is two lines a network."""

    def __init__(self, folder, *arguments):
        os.environ[FOLDER] = folder
        started = time.time()
        super().__init__(*arguments)
        self._told = 0.0
        noted("data", started)

    def begin(self, *arguments):
        self._told = 0.0
        return self._clocked(super().begin, *arguments)

    def advance(self):
        # begin() calls advance(), which is clocked already
        return self._clocked(super().advance)

    def _clocked(self, call, *arguments):
        if getattr(self, "_inside", False):
            return call(*arguments)
        self._inside, started = True, time.time()
        try:
            report = call(*arguments)
        finally:
            self._inside = False
        if report.rung is not None:
            known = report.rung.train_s + report.rung.validation_s
            noted("work", started, known=known - self._told)
            self._told = known
        return report


class Clock:
    """Notes when the workers were asked for and when the last network ended."""

    def __init__(self):
        self.started = time.time()
        self.last = 0.0

    def note(self, text):
        print(f"{time.time() - self.started:6.1f} s: {text}", flush=True)

    def progress(self, progress):
        pass

    def ended(self, trial):
        self.last = time.time()
        self.note(f"trial {trial.number} {trial.state}, {trial.train_s} s of training")


def split(folder, asked, last):
    """Seconds of all workers by what they did."""
    found = dict.fromkeys(("work", "start_up", "data", "building", "driver", "end"), 0.0)
    for file in Path(folder).glob("*.jsonl"):
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        data, *work = lines
        work = [each for each in work if each["start"] < last]
        found["start_up"] += data["start"] - asked
        found["data"] += data["end"] - data["start"]
        at = data["end"]
        for each in work:
            found["driver"] += each["start"] - at
            found["work"] += each["known"]
            found["building"] += each["end"] - each["start"] - each["known"]
            at = each["end"]
        found["end"] += last - at
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", default="digits")
    parser.add_argument("--trials", type=int, default=16)
    parser.add_argument("--train-images", type=int)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--budget", default="complexity in 10M..20M")
    args = parser.parse_args()
    small = args.data == "digits"
    images = args.train_images or (None if small else 3000)
    epochs = args.epochs or (10 if small else 3)
    clock = Clock()
    asked = []

    with tempfile.TemporaryDirectory() as folder:

        class Clocked(ClockedWorker):
            def __init__(self, *arguments):
                super().__init__(folder, *arguments)

        new_worker = pool.Pool._new_worker

        def clocked(self):
            asked.append(time.time())
            return new_worker(self)

        pool.Worker, pool.Pool._new_worker = Clocked, clocked
        search(
            args.budget, data=args.data, trials=args.trials, workers=2, device="cpu",
            study=Path(folder) / "study.db", train_images=images, epochs=epochs, listener=clock,
        )  # fmt: skip
        seconds = split(folder, asked[0], clock.last)
    wall = sum(seconds.values())
    for what, spent in seconds.items():
        print(f"{what:8} {spent:7.1f} s {spent / wall:6.1%}")
    ready = wall - seconds["start_up"] - seconds["data"]
    found = {
        "share": round(seconds["work"] / wall, 3),
        "share_once_started": round(seconds["work"] / ready, 3),
        "workers_wall_s": round(wall, 1),
        **{f"{what}_s": round(spent, 1) for what, spent in seconds.items()},
        "before_workers_s": round(asked[0] - clock.started, 1),
        "trials": args.trials,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
