"""A long search with real processes and a real study, through faults at random.

    python benchmarks/soak.py --trials 5000 --minutes 60
    python benchmarks/soak.py --trials 200 --minutes 5 --every 20

Trainings are no-ops of some milliseconds; Ray, its workers, the driver, SQLite, weights and
checkpoints are real. About every `--every` seconds something is killed or stopped: the driver, a
worker (SIGKILL or SIGSTOP), the raylet, or the driver by SIGTERM. The search is started again until
all trials are done or the time is over, and the study is checked after each end: nothing finished
is lost, each complete trial was trained, none runs, the front has its weights whole (but for those
that join it because another network was trained again; they have theirs when the search is over).
The last line is JSON; exit code 1 if a promise was broken.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path

import nas_tc
from nas_tc.errors import NasTcError
from nas_tc.study import StudyRecord, read_study, weights_file
from nas_tc.training import Rung
from nas_tc.worker import TrainingResult

RUNGS = (1, 2, 4)
LOG = "NAS_TC_SOAK_LOG"  # file that names each training that has ended
RUNG_S = "NAS_TC_SOAK_RUNG_S"  # mean seconds of a rung
FAULTS = {"kill driver": 3, "kill worker": 3, "stop worker": 1, "kill raylet": 1, "terminate": 2}
START_S = 120.0  # within which the first trial of a start ends


class IdleWorker:
    """Trains nothing; its errors depend on the network and the seed, its weights are its id."""

    def __init__(self, *_, **__):
        self._network = self._seed = None
        self._rungs = 0

    def begin(self, architecture, seed, state=None):
        self._network, self._seed = architecture, seed
        self._rungs = 0 if state is None else int(state)
        earlier = tuple(self._rung(each) for each in RUNGS[: self._rungs])
        return self._next(earlier)

    def advance(self):
        return self._next(())

    def test(self, architecture, weights):
        from nas_tc.metric import Confusion

        if weights != architecture.id.encode():
            raise ValueError("these are not the network's weights")
        return Confusion(10, ((0, 0, 3), (1, 0, 1)), 0)

    def _next(self, earlier):
        time.sleep(random.uniform(0.0, 2.0) * float(os.environ.get(RUNG_S, "0.01")))
        rung = self._rung(RUNGS[self._rungs])
        self._rungs += 1
        if self._rungs < len(RUNGS):
            return TrainingResult(rung, state=b"%d" % self._rungs, earlier=earlier)
        with Path(os.environ[LOG]).open("a") as log:
            log.write(f"{self._network.id}\n")
        return TrainingResult(rung, self._network.id.encode(), earlier=earlier)

    def _rung(self, epochs):
        digest = blake2b(f"{self._network.id} {self._seed}".encode(), digest_size=4).digest()
        error = 0.1 + 0.3 / epochs + 0.3 * int.from_bytes(digest) / 2**32
        return Rung(epochs, error, 4 * error, 0.01 * epochs, 0.001)


def search(study: Path, trials: int, timeout_s: float) -> None:
    """One start of the search, in a process of its own."""
    import nas_tc.search.pool as pool_module

    pool_module.Worker = IdleWorker
    record = nas_tc.search(
        "alexnet*0.1",
        study=study,
        trials=trials,
        train_images=100,
        epochs=RUNGS[-1],
        workers=2,
        baselines="none",
        retries=5,
        trial_timeout_s=timeout_s,
    )
    sys.exit(3 if record.interrupted else 0)


def start(
    study: Path, trials: int, timeout_s: float, variables: Mapping[str, str]
) -> subprocess.Popen:
    """Starts the search, or goes on with it; its exit code is 0 when all trials are done."""
    options = {"--search": study, "--trials": trials, "--timeout": timeout_s}
    return subprocess.Popen(
        [sys.executable, __file__, *(str(word) for pair in options.items() for word in pair)],
        env={**os.environ, **variables},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def processes(of: int, name: str) -> list[int]:
    """Ids of the processes below one whose command has `name` in it."""
    rows = subprocess.run(
        ["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    parents, commands = {}, {}
    for row in rows:
        pid, parent, *command = row.split(maxsplit=2)
        parents[int(pid)], commands[int(pid)] = int(parent), " ".join(command)
    found, added = set(), {of}
    while added:
        added = {pid for pid, parent in parents.items() if parent in added}
        found |= added
    return sorted(pid for pid in found if name in commands[pid])


def strike(driver: int, kind: str) -> bool:
    """Lets a fault happen; False if there was nothing to strike."""
    number = {"stop worker": signal.SIGSTOP, "terminate": signal.SIGTERM}.get(kind, signal.SIGKILL)
    place = {"kill raylet": "raylet/raylet", "kill driver": None, "terminate": None}
    name = place.get(kind, "ray::IdleWorker")
    targets = [driver] if name is None else processes(driver, name)
    if not targets:
        return False
    try:
        os.kill(random.choice(targets), number)
    except ProcessLookupError:
        return False
    return True


def without_weights(study: Path, record: StudyRecord) -> set[int]:
    """Numbers of the trials of the front that have no whole weights."""
    return {
        trial.number
        for trial in record.front
        if not (file := weights_file(study, trial.number)).is_file()
        or file.read_bytes() != trial.architecture.id.encode()
    }


def has_joined(record: StudyRecord, number: int) -> bool:
    """Whether a member of the front may have joined it because another network was trained again.

    The mean error of that one rose. A search trains such a member again before it ends.
    """
    member = next(each for each in record.trials if each.number == number)
    return any(
        each.repeats and each.complexity <= member.complexity and each.number != number
        for each in record.trained
    )


def problems(
    study: Path, done: int, log: Path, *, is_running: bool, is_over: bool = False
) -> tuple[list[str], int]:
    """What does not hold now, and the number of trials that are done.

    Args:
        study: Study file.
        done: Number of trials that were done before.
        log: File that names each training that has ended.
        is_running: Whether the search may be at work.
        is_over: Whether it has done all that it was asked for.
    """
    try:
        record = read_study(study)
    except NasTcError as error:
        return ([str(error)] if done else []), done
    found = [f"{done} trials were done, {record.done} are"] if record.done < done else []
    trained = Counter(log.read_text().split()) if log.exists() else Counter()
    complete = Counter(trial.architecture.id for trial in record.trained)
    found += [
        f"{network} is complete {times} times, trained {trained[network]}"
        for network, times in complete.items()
        if trained[network] < times
    ]
    found += [
        f"trial {trial.number} has the rungs {tuple(trial.val_errors)}"
        for trial in record.trained
        if tuple(trial.val_errors) != RUNGS
    ]
    lost = without_weights(study, record)
    if lost and is_running:  # a live search may have found better ones since the study was read
        lost &= without_weights(study, read_study(study))
    found += [
        f"trial {number} of the front has no whole weights"
        for number in sorted(lost)
        if is_over or not has_joined(record, number)
    ]
    running = sum(trial.state == "running" for trial in record.trials)
    if running and not is_running:
        found.append(f"{running} trials are running after the end")
    return found, record.done


def main() -> int:
    """Runs the soak and prints what became of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=5000)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--every", type=float, default=30.0, help="seconds between two faults")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--timeout", type=float, default=10.0, help="seconds for an answer")
    parser.add_argument("--search", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.search is not None:
        search(args.search, args.trials, args.timeout)
    random.seed(args.seed)
    started, faults, broken, starts, done = time.monotonic(), Counter(), [], 0, 0
    end_s = started + 60 * args.minutes
    with tempfile.TemporaryDirectory() as folder:
        study, log = Path(folder) / "soak.db", Path(folder) / "trained.log"
        code = None
        while code != 0 and time.monotonic() < end_s:
            starts += 1
            driver = start(study, args.trials, args.timeout, {LOG: str(log)})
            deadline_s, before = time.monotonic() + START_S, done
            while driver.poll() is None and time.monotonic() < end_s:
                time.sleep(random.expovariate(1 / args.every))
                found, done = problems(study, done, log, is_running=True)
                broken += found
                # A start gets somewhere before something happens to it, or it never would.
                has_begun = done > before or time.monotonic() > deadline_s
                if driver.poll() is None and has_begun:
                    kind = random.choices([*FAULTS], [*FAULTS.values()])[0]
                    faults[kind] += strike(driver.pid, kind)
            killed = driver.poll() is None
            if killed:
                driver.send_signal(signal.SIGTERM)
            try:
                code = driver.wait(60)
            except subprocess.TimeoutExpired:
                broken.append("the search did not end within 60 s of SIGTERM")
                driver.kill()
                code = driver.wait()
            was_orderly = code in (0, 3)
            found, done = problems(study, done, log, is_running=not was_orderly, is_over=code == 0)
            broken += found
    figures = {
        "trials": args.trials,
        "done": done,
        "starts": starts,
        "faults": dict(faults),
        "broken": sorted(set(broken)),
        "minutes": round((time.monotonic() - started) / 60, 1),
    }
    print(json.dumps(figures))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
