"""What share of the workers' wall time a search spends in training and validation.

    python benchmarks/search_share.py --data parquet:DIR

Two workers, networks of about ten seconds each, no early stopping to speak of: the rest is
start-up, data, the driver, building networks, and the last worker's wait for the other. The last
line is JSON.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import optuna

from nas_tc import search
from nas_tc.search import Progress


class Clock:
    """Notes when the workers began and ended."""

    def __init__(self) -> None:
        self.started = time.perf_counter()
        self.first = self.last = 0.0

    def note(self, text: str) -> None:
        print(f"{time.perf_counter() - self.started:6.1f} s: {text}", flush=True)

    def progress(self, progress: Progress) -> None:
        if progress.running and not self.first:
            self.first = time.perf_counter()
        if not progress.running and self.first and not self.last:
            self.last = time.perf_counter()

    def ended(self, trial) -> None:
        self.note(f"trial {trial.number} {trial.state}, {trial.train_s} s of training")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="digits")
    parser.add_argument("--trials", type=int, default=16)
    parser.add_argument("--train-images", type=int)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--budget", default="20M")
    args = parser.parse_args()
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "study.db"
        search(
            args.budget, data=args.data, trials=args.trials, workers=2, device="cpu", study=file,
            train_images=args.train_images, epochs=args.epochs, listener=clock,
        )  # fmt: skip
        study = optuna.load_study(study_name=None, storage=f"sqlite:///{file}")
        trials = [trial.user_attrs for trial in study.trials]
    training, validation = (
        sum(each.get(key, 0.0) for each in trials) for key in ("train_s", "validation_s")
    )
    wall = 2 * (clock.last - clock.first)
    found = {
        "share": round((training + validation) / wall, 3),
        "training_s": round(training, 1),
        "validation_s": round(validation, 1),
        "workers_wall_s": round(wall, 1),
        "start_up_s": round(clock.first - clock.started, 1),
        "trials": len(trials),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
