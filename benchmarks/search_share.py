"""What share of the workers' wall time a search spends in training and validation.

    python benchmarks/search_share.py --data parquet:DIR   # four minutes at most
    python benchmarks/search_share.py                      # with the digits

Two workers, networks of about ten seconds each. A worker's wall time begins when the search has
asked Ray for it and ends with the search's last network; what is not training or validation is
split by what the worker did or waited for:

- start-up: its process starts and loads torch;
- data: it takes the images into its hands;
- building: networks are built, their weights packed;
- driver: it waits for the next network or the word to go on;
- end: the other worker is at the last network.

On a busy machine the search is stopped after three minutes, and what was done by then is counted.

The last line is JSON.
"""

import argparse
import json
import os
import signal
import tempfile
import time
from pathlib import Path

import numpy as np

from nas_tc import search
from nas_tc.data import load_data
from nas_tc.data.splits import split_indices
from nas_tc.search import pool
from nas_tc.worker.worker import Worker

FOLDER = "NAS_TC_SEARCH_SHARE"  # where workers note what they did when


def noted(what, started, **values):
    line = {"what": what, "start": started, "end": time.time(), **values}
    with (Path(os.environ[FOLDER]) / f"{os.getpid()}.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\n")


class ClockedWorker(Worker):
    """A worker that writes down what it does when; the cost of that is two lines a network."""

    def __init__(self, folder, *arguments, **named):
        os.environ[FOLDER] = folder
        started = time.time()
        super().__init__(*arguments, **named)
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
    """Notes when networks ended, and stops the search when its time is over."""

    def __init__(self, seconds):
        self.started = time.time()
        self.seconds = seconds
        self.last, self.stopped = 0.0, False

    def note(self, text):
        print(f"{time.time() - self.started:6.1f} s: {text}", flush=True)

    def progress(self, _progress):
        if time.time() - self.started > self.seconds and not self.stopped:
            self.stopped = True
            os.kill(os.getpid(), signal.SIGINT)  # the search ends as after Ctrl-C

    def ended(self, trial):
        self.last = time.time()
        self.note(f"trial {trial.number} {trial.state}, {trial.train_s} s of training")


def split(folder, asked, last):
    """Seconds of all workers by what they did; `last` None: each up to its own last network."""
    found = dict.fromkeys(("work", "start_up", "data", "building", "driver", "end"), 0.0)
    for file in Path(folder).glob("*.jsonl"):
        data, *work = [json.loads(line) for line in file.read_text().splitlines()]
        found["start_up"] += data["start"] - asked
        found["data"] += data["end"] - data["start"]
        at = data["end"]
        for each in work:
            found["driver"] += each["start"] - at
            found["work"] += each["known"]
            found["building"] += each["end"] - each["start"] - each["known"]
            at = each["end"]
        found["end"] += 0 if last is None else last - at
    return found


def shrink(spec, folder, train, validation):
    """The data with so many images as a file: validation must not outweigh a short training."""
    data = load_data(spec).with_fewer(train)
    held, test = (
        part.take(split_indices(part.labels, len(part) - validation)[0])
        for part in (data.validation, data.test)
    )
    file = Path(folder) / "images.npz"
    np.savez(
        file, x_train=data.train.images, y_train=data.train.labels, x_val=held.images,
        y_val=held.labels, x_test=test.images, y_test=test.labels,
    )  # fmt: skip
    return f"npz:{file}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", default="digits")
    parser.add_argument("--trials", type=int, default=16)
    parser.add_argument("--train-images", type=int, default=3000)
    parser.add_argument("--validation-images", type=int, default=1000)
    parser.add_argument("--epochs", type=int, default=9)
    parser.add_argument("--budget", default="complexity in 10M..20M")
    parser.add_argument("--seconds", type=float, default=180, help="stop the search after these")
    args = parser.parse_args()
    asked = []
    with tempfile.TemporaryDirectory() as folder:
        spec, epochs = args.data, args.epochs
        if spec != "digits":
            spec = shrink(spec, folder, args.train_images, args.validation_images)
        else:
            epochs *= 3  # a third as many images

        class Clocked(ClockedWorker):
            def __init__(self, *arguments, **named):
                super().__init__(folder, *arguments, **named)

        new_worker = pool.Pool._new_worker

        def clocked(self):
            asked.append(time.time())
            return new_worker(self)

        pool.Worker, pool.Pool._new_worker = Clocked, clocked
        clock = Clock(args.seconds)
        search(
            args.budget, data=spec, trials=args.trials, workers=2, device="cpu", epochs=epochs,
            study=Path(folder) / "study.db", listener=clock, baselines="none",
        )  # fmt: skip
        seconds = split(folder, asked[0], None if clock.stopped else clock.last)
    wall = sum(seconds.values())
    for what, spent in seconds.items():
        print(f"{what:8} {spent:7.1f} s {spent / wall:6.1%}")
    started = wall - seconds["start_up"] - seconds["data"]
    found = {
        "share": round(seconds["work"] / wall, 3),
        "share_once_started": round(seconds["work"] / started, 3),
        "workers_wall_s": round(wall, 1),
        **{f"{what}_s": round(spent, 1) for what, spent in seconds.items()},
        "before_workers_s": round(asked[0] - clock.started, 1),
        "stopped_after_s": args.seconds if clock.stopped else None,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
