"""Parity of training on a GPU with the processor's, and what the host waits for in a step.

    python benchmarks/gpu_parity.py                  # batches, float32 steps, digits, same seed
    python benchmarks/gpu_parity.py --part waits     # synchronisations and copies in a step

Needs neither Ray nor Optuna.
"""

import argparse
import sys
from collections import Counter
from dataclasses import replace

import torch
from gpu_part import Figures, PartFailedError, checked, run_part
from gpu_runs import (
    NETWORKS,
    SEED,
    architecture_of,
    begin,
    device_of,
    in_float32,
    losses,
    noise,
    placed,
    training,
)
from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile

from nas_tc.architecture import GAP, Architecture, Head, parse_notation
from nas_tc.data import load_data
from nas_tc.module import build
from nas_tc.recipe import Recipe
from nas_tc.training import Training, images_on, train
from nas_tc.training.batches import shuffled_batches

STEPS = 20
MOST_DIFFERENCE = 1e-3  # of float32 losses, relative
MOST_ROUNDING = 1e-2  # of bfloat16 losses, relative: replays against launches, seed against seed
MOST_ERROR = 0.1  # of digits
ALTERED = Recipe(batch_size=64, augment=("crop", "flip", "colour"), epochs=1)
RECIPES = {
    "sgd": replace(ALTERED, ema=0.99),
    "muon": replace(ALTERED, optimizer="muon", ema=0.9, learning_rate=0.05),
}
# Rounding grows with the steps: weights changed by 1e-6 move the processor's own losses by 4e-4
# after 10 steps of SGD and by 2e-3 after 20. Muon turns 1e-7 into 8e-3 after 20.
COMPARED = {"sgd": 10, "muon": 5}  # steps
WAITS = ("cudaStreamSynchronize", "cudaDeviceSynchronize", "cudaEventSynchronize")


def same_batches(device: torch.device, *, streamed: bool) -> bool:
    """Whether all batches of an epoch are those of the processor to the bit."""
    host = placed(noise(640), torch.device("cpu"), ALTERED, streamed=False)
    there = placed(noise(640), device, ALTERED, streamed=streamed)
    run = training(architecture_of(NETWORKS["6M"]), there, ALTERED)
    begin(run, 10)
    generator = torch.Generator().manual_seed(SEED)
    same = True
    for floats, labels in shuffled_batches(host, ALTERED, generator):
        run._steps._load()
        found, found_labels = run._steps.batch()
        same &= torch.equal(found.cpu(), floats) and torch.equal(found_labels.cpu(), labels)
    return same


def float32_steps(device: torch.device, recipe: Recipe, steps: int) -> dict[str, float]:
    """Largest relative differences of the losses of the first steps from the processor's."""
    images = noise(64 * steps)
    network = architecture_of(NETWORKS["6M"])
    found = {}
    with in_float32():
        here = placed(images, torch.device("cpu"), recipe, streamed=False)
        host = Training(build(network, seed=1).train(), here, recipe, seed=SEED)
        begin(host, steps)
        expected = losses(host, steps)
        there = placed(images, device, recipe, streamed=False)
        for name, captures in (("eager", False), ("captured", True)):
            run = training(network, there, recipe, captures=captures)
            begin(run, steps)
            found[name] = _most(expected, losses(run, steps))
            if run._steps.reason:
                raise PartFailedError(f"not captured: {run._steps.reason}", found)
    return found


def rounding(device: torch.device) -> dict[str, float]:
    """Relative differences of losses in the types of training: captured, eager, captured again."""
    name, steps = ("20M", 40) if device.type == "cuda" else ("6M", 8)
    there = placed(noise(64 * steps), device, RECIPES["sgd"], streamed=False)
    columns = []
    for captures in (True, False, True):
        run = training(architecture_of(NETWORKS[name]), there, RECIPES["sgd"], captures=captures)
        begin(run, steps)
        columns.append(losses(run, steps))
    return {
        "eager_from_captured": _most(columns[0], columns[1]),
        "same_seed": _most(columns[0], columns[2]),
    }


def digits_error(device: torch.device) -> float:
    """Validation error of a small network on the digits, 0 to 1."""
    data = load_data("digits", side=(16, 16))
    mean, std = data.moments
    small = Architecture((1, 16, 16), parse_notation("(3,16)/2 | 2/2 | (3,32)"), GAP, 10)
    network = build(small, mean=mean, std=std).to(device)
    sets = (images_on(device, split) for split in (data.train, data.validation))
    *_, rung = train(network, *sets, Recipe(epochs=8), seed=0)
    return rung.val_error


def refused_capture(device: torch.device) -> str:
    """The reason of a training with drop-out whose capture fails, and which goes on eagerly."""
    head = Head("average", (1,), (32,), 0.5)
    there = placed(noise(64 * 12), device, ALTERED, streamed=False)
    run = training(architecture_of(NETWORKS["6M"], head), there, ALTERED)
    step = run._steps._step

    def forward(images: torch.Tensor) -> torch.Tensor:
        images.sum().item()  # a synchronisation, which no capture allows
        return step.forward(images)

    run._steps._step = replace(step, forward=forward)
    begin(run, 12)
    found = losses(run, 12)
    if not all(loss == loss for loss in found):
        raise PartFailedError(f"losses after a failed capture: {found}", {})
    return run._steps.reason


def parity(device: torch.device) -> Figures:
    """All comparisons; raises `PartFailedError` where one is too far off."""
    on_gpu = device.type == "cuda"
    figures: Figures = {
        "same_batches": {
            name: same_batches(device, streamed=streamed)
            for name, streamed in (("resident", False), ("streamed", True))
            if on_gpu or not streamed  # pinned memory needs a GPU
        },
        "float32": {
            name: float32_steps(device, recipe, COMPARED[name]) for name, recipe in RECIPES.items()
        },
        "rounding": rounding(device),
        "digits_error": round(digits_error(device), 4),
        "refused_capture": refused_capture(device),
    }
    misses = [
        f"{name} batches differ" for name, same in figures["same_batches"].items() if not same
    ]
    for name, found in figures["float32"].items():
        misses += [
            f"{name}, {how}: float32 losses differ by {most:.1e}"
            for how, most in found.items()
            if most > MOST_DIFFERENCE
        ]
    misses += [
        f"{name}: losses differ by {most:.1e}"
        for name, most in figures["rounding"].items()
        if most > MOST_ROUNDING
    ]
    if figures["digits_error"] >= MOST_ERROR:
        misses.append(f"the digits' error is {figures['digits_error']:.1%}")
    if on_gpu and not figures["refused_capture"]:
        misses.append("a step that synchronises was captured")
    return checked(figures, misses)


def waits(device: torch.device) -> Figures:
    """Synchronisations and copies from the host in twenty steps, which should be none."""
    figures: Figures = {}
    misses = []
    on_gpu = device.type == "cuda"
    for place in ("resident", "streamed") if on_gpu else ("resident",):
        there = placed(noise(64 * 60), device, ALTERED, streamed=place == "streamed")
        for how in ("eager", "captured"):
            network = architecture_of(NETWORKS["20M" if on_gpu else "6M"])
            run = training(network, there, ALTERED, captures=how == "captured")
            begin(run, 60)
            for _ in range(5):
                run._steps.run()
            name = f"{place}, {how}"
            figures[name] = found = _calls(run, device)
            waited = sum(found.get(each, 0) for each in WAITS)
            sent = sum(count for each, count in found.items() if "HtoD" in each)
            if waited:
                misses.append(f"{name}: {waited} waits in {STEPS} steps")
            if sent and place == "resident":
                misses.append(f"{name}: {sent} copies from the host in {STEPS} steps")
    return checked(figures, misses)


def _calls(run: Training, device: torch.device) -> dict[str, int]:
    """How often CUDA was made to wait or to copy in twenty steps.

    First torch itself raises an error at a synchronisation, then the profiler counts.
    """
    on_gpu = device.type == "cuda"
    if on_gpu:
        torch.cuda.synchronize()
        torch.cuda.set_sync_debug_mode("error")
    try:
        for _ in range(STEPS):
            run._steps.run()
    finally:
        if on_gpu:
            torch.cuda.set_sync_debug_mode("default")
            torch.cuda.synchronize()
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if on_gpu else [])]
    with profile(activities=activities) as profiler, torch.profiler.record_function("steps"):
        for _ in range(STEPS):
            run._steps.run()
    # The profiler itself waits for the GPU when it ends. Its second event of this name is the
    # GPU's, which ends later than the host's calls.
    events = list(profiler.events())
    of_host = (each for each in events if each.device_type == DeviceType.CPU)
    end_us = max(each.time_range.end for each in of_host if each.name == "steps")
    counted = Counter(each.name for each in events if each.time_range.start < end_us)
    wanted = {
        name: count
        for name, count in counted.items()
        if name in WAITS or name.startswith("Memcpy") or name == "cudaGraphLaunch"
    }
    return dict(sorted(wanted.items()))


def _most(expected: list[float], found: list[float]) -> float:
    return max(abs(a - b) / abs(a) for a, b in zip(expected, found, strict=True))


def main(argv: list[str] | None = None) -> int:
    """Prints the part's JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=("parity", "waits"), default="parity")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    options = parser.parse_args(argv)
    part = parity if options.part == "parity" else waits
    return run_part(options.part, lambda: part(device_of(options.device)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
