"""A search on a GPU under a limit on time: killed, resumed, and its front timed again.

    python benchmarks/gpu_search.py

`nas-tc search --budget "latency<=0.11ms" --trials 12 --per-gpu 2` on the digits, with the median
time of nine networks of the space as the limit: a share of AlexNet's time may be less than any
network takes on a fast GPU, where a small network takes as long as its kernels are many. The search
is killed by `kill -9` after some trials and goes on. Needs Ray and Optuna.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path
from statistics import median

import torch
from gpu_part import Figures, PartFailedError, checked, run_part

from nas_tc.latency import networks_of
from nas_tc.space import load_space
from nas_tc.timing import Setting, one_thread, stopwatch, work_of

MOST_MOVED = 0.05  # of the front's times
SPACE = "plain-32"
TIMED = 9  # networks whose median time is the limit
PATIENCE_S = 60.0  # until the trials are there after which the search is killed


def budget_on(device: str) -> str:
    """A budget that about half of the space's networks keep; on a processor one of complexity."""
    if device == "cpu":
        return "2M"
    with one_thread():
        watch = stopwatch(torch.device(device))
        networks = islice(networks_of(load_space(SPACE), random.Random(0)), TIMED)
        runs = (work_of(each, Setting(), torch.device(device)) for each in networks)
        return f"latency<={median(watch.time(run, repeats=20).value for run in runs):.4f}ms"


def command(device: str, budget: str, study: Path, trials: int) -> list[str]:
    """The search's command."""
    words = ["--budget", budget, "--space", SPACE, "--data", "digits"]
    words += ["--trials", str(trials), "--device", device, "--study", str(study)]
    words += ["--epochs", "3", "--baselines", "none"]
    words += ["--per-gpu", "2"] if device == "cuda" else ["--workers", "1"]
    return [sys.executable, "-m", "nas_tc.cli", "search", *words]


def killed_after(done: int, words: list[str], study: Path) -> int:
    """Kills a search when it has done some trials; returns how many it had then.

    Args:
        done: Trials after which it is killed.
        words: Its command.
        study: Its study.

    Raises:
        PartFailedError: It has ended before, or hangs; its last words are on the error stream.
    """
    from nas_tc.errors import NasTcError
    from nas_tc.study import read_study

    log = study.with_suffix(".log")
    with log.open("w") as messages:
        running = subprocess.Popen(words, stdout=messages, stderr=messages)
    patience = time.monotonic() + PATIENCE_S
    had = 0
    try:
        while had < done and time.monotonic() < patience and running.poll() is None:
            time.sleep(0.5)
            try:
                had = read_study(study).done
            except NasTcError:
                continue  # it is not there yet
    finally:
        running.kill()  # SIGKILL
        running.wait()
    if had < done:
        print(log.read_text(), file=sys.stderr)
        raise PartFailedError(f"only {had} trials before the kill", {})
    return had


def timed_again(record, device: str) -> list[float]:
    """Relative differences of the front's latencies from what the search has kept."""
    found = []
    with one_thread():
        watch = stopwatch(torch.device(device))
        for trial in record.front:
            run = work_of(trial.architecture, Setting(), torch.device(device))
            ms = watch.time(run, repeats=60, least_s=0.2).value
            found.append(round(ms / trial.times["latency"]["ms"] - 1, 4))
    return found


def part(device: str, trials: int) -> Figures:
    """All figures; raises `PartFailedError` where the search or its times fall short."""
    if device == "cuda" and not torch.cuda.is_available():
        raise PartFailedError("torch sees no GPU", {})
    from nas_tc.study import read_study

    with tempfile.TemporaryDirectory() as folder:
        study = Path(folder) / "study.db"
        budget = budget_on(device)
        words = command(device, budget, study, trials)
        before = killed_after(trials // 3, words, study)
        started = time.monotonic()
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        print(done.stdout, done.stderr, file=sys.stderr)
        if done.returncode:
            raise PartFailedError(f"the resumed search ended with {done.returncode}", {})
        record = read_study(study)
        states = [trial.state for trial in record.trials]
        figures: Figures = {
            "budget": budget,
            "done_before_the_kill": before,
            "done": record.done,
            "states": {state: states.count(state) for state in sorted(set(states))},
            "failures": [t.reason for t in record.trials if t.state == "failed" and t.reason],
            "resumed_s": round(time.monotonic() - started, 1),
            "front": len(record.front),
        }
        if device == "cuda":
            figures["front_moved"] = timed_again(record, device)
    misses = []
    if figures["done"] < trials:
        misses.append(f"{figures['done']} of {trials} trials are done")
    if figures["failures"]:
        misses.append(f"trials failed: {figures['failures'][0]}")
    if max(map(abs, figures.get("front_moved", ())), default=0.0) > MOST_MOVED:
        misses.append(f"the front's times have moved: {figures['front_moved']}")
    return checked(figures, misses)


def main(argv: list[str] | None = None) -> int:
    """Prints the part's JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--trials", type=int, default=12)
    options = parser.parse_args(argv)
    os.environ["NAS_TC_CACHE"] = "off"
    return run_part("search", lambda: part(options.device, options.trials))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
