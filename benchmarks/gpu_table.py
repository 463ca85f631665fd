"""The table of layer times on a GPU: calibration, then a test with networks it has not seen.

    python benchmarks/gpu_table.py
    python benchmarks/gpu_table.py --training --networks 40

What `nas-tc calibrate --networks 60` and `--check` do, with the figures as JSON. Needs neither Ray
nor Optuna.
"""

import argparse
import sys
import time
from itertools import islice

import torch
from gpu_part import Figures, PartFailedError, run_part

from nas_tc.latency import TimeTable, agreement, calibrate, nodes_of, unseen_networks
from nas_tc.space import load_space
from nas_tc.timing import GraphRun, Setting, one_thread, stopwatch, work_of

CUDA = torch.device("cuda")
CHECKED = 40
SEED = 2015  # of the networks to check with
LEAST_SPEARMAN = 0.99
MOST_MEDIAN_ERROR = 0.05
BATCH = 64  # of a training step


def part(space_name: str, networks: int, checked: int, *, training: bool, most_s: float) -> Figures:
    """Fills a table and tests it; raises `PartFailedError` where its errors are too large."""
    if not torch.cuda.is_available():
        raise PartFailedError("torch sees no GPU", {})
    space = load_space(space_name)
    setting = Setting("train_step", BATCH) if training else Setting()
    started = time.monotonic()
    with one_thread():
        times = TimeTable.here(CUDA).of(setting)
        calibrated = 0
        for _ in calibrate(times, space, setting, CUDA, networks=networks):
            calibrated += 1
            if time.monotonic() - started > most_s:
                break
        calibration_s = time.monotonic() - started
        watch = stopwatch(CUDA)
        predicted, measured, unknown, guessed, layers = [], [], 0, 0, 0
        for network in islice(unseen_networks(times, space, SEED), checked):
            prediction = times.predict(network)
            if prediction is None:
                unknown += 1
                continue
            run = work_of(network, setting, CUDA)
            assert isinstance(run, GraphRun)
            if run.graph is None:
                raise PartFailedError(f"not captured: {run.reason}", {})
            predicted.append(prediction.ms)
            measured.append(watch.time(run, repeats=20, least_s=0.0, most_s=5.0).value)
            guessed += prediction.guessed
            layers += len(nodes_of(network))
    figures: Figures = {
        "setting": str(setting),
        "calibrated": calibrated,
        "calibration_s": round(calibration_s, 1),
        "layers": len(times.layers),
        "updates": len(times.updates),
        "checked": len(measured),
        "unknown": unknown,
    }
    if len(measured) < checked / 2:
        raise PartFailedError(f"{unknown} of {checked} networks have layers like none", figures)
    found = agreement(predicted, measured)
    figures |= {
        "guessed": round(guessed / layers, 4),
        "spearman": round(found.spearman, 4),
        "median_error": round(found.median_error, 4),
        "worst_error": round(found.worst_error, 4),
        "within_10_percent": found.within,
        "predicted_ms": [round(ms, 5) for ms in predicted],
        "measured_ms": [round(ms, 5) for ms in measured],
    }
    if found.spearman < LEAST_SPEARMAN or found.median_error > MOST_MEDIAN_ERROR:
        raise PartFailedError(
            f"Spearman {found.spearman:.3f}, median error {found.median_error:.1%}", figures
        )
    return figures


def main(argv: list[str] | None = None) -> int:
    """Prints the part's JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--space", default="plain-32")
    parser.add_argument("--networks", type=int, default=60)
    parser.add_argument("--checked", type=int, default=CHECKED)
    parser.add_argument("--training", action="store_true", help="training steps of 64 images")
    parser.add_argument("--most-s", type=float, default=80.0, help="of the calibration")
    options = parser.parse_args(argv)
    return run_part(
        "table of training steps" if options.training else "table",
        lambda: part(
            options.space,
            options.networks,
            options.checked,
            training=options.training,
            most_s=options.most_s,
        ),
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
