"""Training speed on a GPU: captured against eager steps, streamed images, several networks a GPU.

    python benchmarks/gpu_speed.py

Milliseconds a step and the profiler's sum of kernels, for three sizes of networks and batches of
64; images a second of 1, 2 and 4 processes that share the GPU; and of the plain loop of
benchmarks/plain_loop.py. Muon's steps with the layers' matrices side by side and one by one
(`--muon`: these alone). Needs neither Ray nor Optuna.
"""

import argparse
import json
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import torch
from gpu_part import Figures, checked, run_part
from gpu_runs import NETWORKS, architecture_of, begin, device_of, noise, placed, training
from plain_loop import train_plainly
from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile

from nas_tc.data import ImageData, Split
from nas_tc.module import build
from nas_tc.recipe import Recipe
from nas_tc.training import Training, muon

BATCH = 64
RECIPE = Recipe(batch_size=BATCH, augment=("crop", "flip"), ema=0.99)
OF_MUON = NETWORKS | {
    "J', 20M": "(3,20) | 2/1 | (2,40)/2+(2,40)x4 | 2/1 | (2,80)/2+(2,80)x4 | 2/1"
    " | (2,720)/2+(2,80)",
    "inverted, 17M": "(3,32) | inverted[3](5,48)/2 | inverted[6,se=4](5,64)/2"
    "+inverted[6,se=4](5,64) | inverted[3,se=4](5,128)/2 | (1,384)",
}
SHARED = "20M"  # network of the processes that share the GPU, and of the plain loop
START_S, EACH_S = 10.0, 1.5  # until one process, and each more, has started and captured a step
MEASURED_S = 4.0
LEAST_SPEEDUP = 3.0  # captured over eager, of the 20M network


def wait(device: torch.device) -> None:
    """Waits until the device has done all that is queued."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def ms_a_step(run: Training, steps: int, device: torch.device) -> float:
    """Milliseconds of a step, the sending of the epoch not counted."""
    begin(run, steps + 8)
    for _ in range(8):
        run._steps.run()
    wait(device)
    started = time.perf_counter()
    for _ in range(steps):
        run._steps.run()
    wait(device)
    return 1000 * (time.perf_counter() - started) / steps


def kernels_ms(run: Training, steps: int, device: torch.device) -> float | None:
    """Milliseconds of a step's kernels, summed by the profiler; None without a GPU."""
    if device.type != "cuda":
        return None
    begin(run, steps)
    wait(device)
    with profile(activities=[ProfilerActivity.CUDA]) as profiler:
        for _ in range(steps):
            run._steps.run()
        wait(device)
    on_gpu = (each for each in profiler.events() if each.device_type == DeviceType.CUDA)
    return sum(each.time_range.elapsed_us() for each in on_gpu) / 1000 / steps


def sizes(device: torch.device, names: list[str], steps: int) -> Figures:
    """Times of a step by network, place of the images and launch."""
    on_gpu = device.type == "cuda"
    images = noise(BATCH * (steps + 8))
    found: Figures = {}
    for name in names:
        for place in ("resident", "streamed") if on_gpu else ("resident",):
            there = placed(images, device, RECIPE, streamed=place == "streamed")
            for how in ("eager", "captured"):
                captures = how == "captured"
                run = training(architecture_of(NETWORKS[name]), there, RECIPE, captures=captures)
                ms = ms_a_step(run, steps, device)
                kernels = kernels_ms(run, min(steps, 20), device)
                found[f"{name}, {place}, {how}"] = {
                    "ms": round(ms, 4),
                    "kernels_ms": None if kernels is None else round(kernels, 4),
                    "busy": None if kernels is None else round(kernels / ms, 3),
                    "images_per_s": round(1000 * BATCH / ms),
                    "reason": run._steps.reason,
                }
                del run
    return found


def muon_steps(device: torch.device, steps: int) -> Figures:
    """Milliseconds of a captured step of Muon: its matrices side by side, and in batches of one."""
    recipe = replace(RECIPE, optimizer="muon")
    there = placed(noise(BATCH * (steps + 8)), device, recipe, streamed=False)
    found: Figures = {}
    for name, notation in OF_MUON.items():
        ms = {}
        for how, batches in (
            ("side by side", muon.batches),
            ("one by one", lambda shapes: [[number] for number in range(len(shapes))]),
        ):
            before, muon.batches = muon.batches, batches
            try:
                run = training(architecture_of(notation), there, recipe)
            finally:
                muon.batches = before
            ms[how] = round(ms_a_step(run, steps, device), 4)
            del run
        found[f"{name}, Muon"] = {**ms, "ratio": round(ms["one by one"] / ms["side by side"], 2)}
    return found


def epoch_ms(device: torch.device, name: str, steps: int) -> float:
    """Milliseconds a step of whole epochs, with all that happens between them."""
    there = placed(noise(BATCH * steps), device, RECIPE, streamed=False)
    run = training(architecture_of(NETWORKS[name]), there, RECIPE)
    run.run_epoch()
    before = run.train_s
    for _ in range(3):
        run.run_epoch()
    return 1000 * (run.train_s - before) / 3 / steps


def one_of_several(device: torch.device, name: str, at_s: float, measured_s: float) -> float:
    """Images a second of this process, from a moment that all processes know."""
    steps = 100 if device.type == "cuda" else 4
    endless = replace(RECIPE, epochs=10**6)
    there = placed(noise(BATCH * steps), device, endless, streamed=False)
    run = training(architecture_of(NETWORKS[name]), there, endless)
    run.run_epoch()
    time.sleep(max(0.0, at_s - time.time()))
    started, epochs = time.perf_counter(), 0
    while time.perf_counter() - started < measured_s:
        run.run_epoch()
        epochs += 1
    return epochs * steps * BATCH / (time.perf_counter() - started)


def shared(device: str, name: str, processes: int, start_s: float, measured_s: float) -> float:
    """Images a second of several processes together."""
    words = ["--one", name, "--at", str(time.time() + start_s), "--for", str(measured_s)]
    command = [sys.executable, __file__, "--device", device, *words]
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(processes)
    ]
    try:
        return sum(json.loads(each.communicate()[0].splitlines()[-1]) for each in running)
    finally:
        for each in running:
            each.kill()


def plain(device: str, images: int, name: str) -> float:
    """Images a second of the loop that a user of PyTorch would write."""
    generator = np.random.default_rng(0)
    pixels = generator.integers(0, 256, (images, 32, 32, 3), dtype=np.uint8)
    split = Split(pixels, np.arange(images) % 10)
    data = ImageData("noise", split, split, split, tuple(map(str, range(10))))
    network = build(architecture_of(NETWORKS[name]), seed=1)
    rate, _ = train_plainly(
        network, data, Recipe(epochs=1, batch_size=BATCH), 0, evaluate=False, device=device
    )
    return rate


def part(device: torch.device) -> Figures:
    """All figures; raises `PartFailedError` where the captured step is not fast enough."""
    on_gpu = device.type == "cuda"
    names, steps = (list(NETWORKS), 100) if on_gpu else (["6M"], 3)
    figures: Figures = sizes(device, names, steps)
    if on_gpu:
        figures |= muon_steps(device, steps)
    name = SHARED if on_gpu else "6M"
    figures["epochs, ms a step"] = round(epoch_ms(device, name, steps * 4), 4)
    figures["networks, images_per_s"] = {
        count: round(
            shared(
                device.type,
                name,
                count,
                START_S + EACH_S * count if on_gpu else 0.0,
                MEASURED_S if on_gpu else 0.1,
            )
        )
        for count in ((1, 2, 4) if on_gpu else (2,))
    }
    figures["plain loop, images_per_s"] = round(plain(device.type, 6400 if on_gpu else 256, name))
    if not on_gpu:
        return figures
    eager, captured = (figures[f"{SHARED}, resident, {how}"] for how in ("eager", "captured"))
    figures["speedup"] = round(eager["ms"] / captured["ms"], 2)
    misses = [f"{key}: {each['reason']}" for key, each in figures.items() if _refused(each)]
    if figures["speedup"] < LEAST_SPEEDUP:
        misses.append(f"the {SHARED} network is {figures['speedup']} times as fast captured")
    return checked(figures, misses)


def _refused(figure: object) -> bool:
    return isinstance(figure, dict) and bool(figure.get("reason"))


def main(argv: list[str] | None = None) -> int:
    """Prints the part's JSON line, or with --one the images a second of this process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--muon", action="store_true", help="steps of Muon alone")
    parser.add_argument("--one", help="a network, trained by this process alone")
    parser.add_argument("--at", type=float, default=0.0, help="when to begin, seconds since 1970")
    parser.add_argument("--for", type=float, default=MEASURED_S, dest="measured_s")
    options = parser.parse_args(argv)
    if options.one:
        device = torch.device(options.device)
        print(json.dumps(one_of_several(device, options.one, options.at, options.measured_s)))
        return 0
    if options.muon:
        return run_part("muon", lambda: muon_steps(device_of(options.device), 100))
    return run_part("speed", lambda: part(device_of(options.device)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
