"""How much longer a search takes with a fault every minute than without.

    python benchmarks/disturbed.py
    python benchmarks/disturbed.py --trials 40 --rung-s 0.5 --every 20

Two searches with the same seed run side by side, so that both have the same machine. Each has two
workers that sleep in place of training; Ray, its processes, the driver, SQLite, weights and
checkpoints are real, as in soak.py. To one of them something happens every minute, in turn: a
worker is killed, a worker is stopped, the driver is killed, the raylet is killed. A driver that has
ended is started again at once. In the end both studies are checked. The last line is JSON; exit
code 1 if a promise was broken.
"""

import argparse
import json
import os
import random
import sys
import tempfile
import time
from itertools import count, cycle
from pathlib import Path

from soak import LOG, RUNG_S, problems, start, strike

FAULTS = ("kill worker", "stop worker", "kill driver", "kill raylet")


class Run:
    """A search that is started again until it is done.

    Args:
        folder: Folder of its study.
        args: Arguments of this program.
        every_s: Seconds between two faults; None: there are none.
    """

    def __init__(self, folder, args, every_s):
        self.study, self.log = folder / "study.db", folder / "trained.log"
        self._args, self._variables = args, {LOG: str(self.log), RUNG_S: str(args.rung_s)}
        self.starts, self.faults, self.seconds = 0, [], None
        self._kinds = cycle(FAULTS)
        self._next_s = count(time.monotonic() + every_s, every_s) if every_s else iter(())
        self._due_s, self._kind = next(self._next_s, float("inf")), next(self._kinds)
        self._began_s = time.monotonic()
        self._start()

    def look(self):
        """Notices an end, and does what is due."""
        if self.seconds is not None:
            return
        code = self.driver.poll()
        if code == 0:
            self.seconds = time.monotonic() - self._began_s
        elif code is not None:
            self._start()
        elif time.monotonic() > self._due_s and strike(self.driver.pid, self._kind):
            self.faults.append(self._kind)
            print(f"{time.monotonic() - self._began_s:4.0f} s: {self._kind}", flush=True)
            self._due_s, self._kind = next(self._next_s), next(self._kinds)

    def _start(self):
        self.starts += 1
        args = self._args
        self.driver = start(self.study, args.trials, args.timeout, self._variables)


def main() -> int:
    """Runs both searches and prints their times."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=150)
    parser.add_argument("--rung-s", type=float, default=1.5, help="mean seconds of a rung")
    parser.add_argument("--every", type=float, default=60.0, help="seconds between two faults")
    parser.add_argument("--timeout", type=float, default=20.0, help="seconds for an answer")
    parser.add_argument("--seed", type=int, default=0, help="of which worker a fault strikes")
    args = parser.parse_args()
    random.seed(args.seed)
    with tempfile.TemporaryDirectory() as folder:
        runs = []
        for name, every_s in (("undisturbed", None), ("disturbed", args.every)):
            Path(folder, name).mkdir()
            runs.append(Run(Path(folder, name), args, every_s))
        while any(run.seconds is None for run in runs):
            time.sleep(0.1)
            for run in runs:
                run.look()
        checked = [problems(run.study, args.trials, run.log, is_running=False) for run in runs]
    plain, disturbed = runs
    broken = sorted({problem for found, _ in checked for problem in found})
    figures = {
        "trials": args.trials,
        "undisturbed_s": round(plain.seconds),
        "disturbed_s": round(disturbed.seconds),
        "ratio": round(disturbed.seconds / plain.seconds, 2),
        "faults": disturbed.faults,
        "starts": [run.starts for run in runs],
        "broken": broken,
        "load": [round(load, 1) for load in os.getloadavg()],
    }
    print(json.dumps(figures))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
