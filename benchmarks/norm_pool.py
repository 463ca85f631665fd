"""Normalisation, pool and ReLU by our library against torch's layers, interleaved, on one core.

    python benchmarks/norm_pool.py

First the three alone, on maps of a few networks, forwards and backwards; then whole trainings. The
lowest time of all turns counts. Run it as the workers of a search run, with their memory; the last
line is JSON.
"""

import copy
import json
import os
import subprocess
import sys
import time

import torch
from torch import nn
from training import NETWORKS, build_network, memory_of_workers

from nas_tc.recipe import Recipe
from nas_tc.training import Images, norm_pool, settle_on_core, take_huge_pages, train
from nas_tc.training.norm_pool import NormPool

MAPS = {  # channels, side, pool: batches of 64
    "32 channels, 32x32, 2/2": (32, 32, nn.MaxPool2d(2, 2)),
    "24 channels, 32x32": (24, 32, None),
    "8 channels, 32x32, 2/2": (8, 32, nn.MaxPool2d(2, 2)),
    "64 channels, 16x16": (64, 16, None),
    "64 channels, 16x16, 3/2": (64, 16, nn.MaxPool2d(3, 2, padding=1)),
    "96 channels, 8x8": (96, 8, None),
    "256 channels, 8x8": (256, 8, None),
}
TURNS = 5
IMAGES = 1920


def passes(steps, maps, times=20):
    """Milliseconds of the quickest pass forwards and backwards."""
    maps = maps.clone().requires_grad_()
    gradient = torch.randn_like(steps(maps))
    best = float("inf")
    for _ in range(times):
        started = time.perf_counter()
        steps(maps).backward(gradient)
        best = min(best, time.perf_counter() - started)
        maps.grad = None
    return best * 1000


def alone(channels, side, pool):
    norm = nn.BatchNorm2d(channels)
    layers = [norm, pool, nn.ReLU(inplace=True)] if pool else [norm, nn.ReLU(inplace=True)]
    ways = {
        "torch": nn.Sequential(*layers),
        "library": NormPool(copy.deepcopy(norm), pool, relu=True),
    }
    maps = torch.randn(64, channels, side, side).bfloat16().to(memory_format=torch.channels_last)
    return {way: min(passes(steps, maps) for _ in range(TURNS)) for way, steps in ways.items()}


class Pictures:
    """What `build_network` asks of a data set."""

    shape, classes, moments = (3, 32, 32), range(10), ([0.5] * 3, [0.25] * 3)


def whole(name):
    library = norm_pool.library()
    ways = {"torch": lambda: None, "library": lambda: library}
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (IMAGES, 32, 32, 3), dtype=torch.uint8, generator=generator)
    images = Images(pixels, torch.arange(IMAGES) % 10)
    few = Images(images.pixels[:64], images.labels[:64])
    recipe = Recipe(epochs=1, augment=("crop", "flip"))
    networks = {way: build_network(name, Pictures, 0, normalised=True)[1] for way in ways}
    rates = dict.fromkeys(ways, 0.0)
    for _ in range(TURNS):
        for way, chosen in ways.items():
            norm_pool.library = chosen
            *_, rung = train(networks[way], images, few, recipe, seed=0)
            rates[way] = max(rates[way], IMAGES / rung.train_s)
    norm_pool.library = ways["library"]
    return rates


def main():
    memory = memory_of_workers()
    if memory.items() - os.environ.items():  # an allocator is chosen before a process begins
        again = subprocess.run([sys.executable, *sys.argv], env=os.environ | memory, check=False)
        sys.exit(again.returncode)
    settle_on_core()
    take_huge_pages()
    if norm_pool.library() is None:
        sys.exit("nas-tc was installed without a compiler: there is no library to compare")
    found = {"capability": torch.backends.cpu.get_cpu_capability(), "maps": {}, "networks": {}}
    print("milliseconds, forwards and backwards, 64 images in bfloat16")
    for name, maps in MAPS.items():
        own = found["maps"][name] = alone(*maps)
        ratio = own["torch"] / own["library"]
        print(
            f"{name:26} torch {own['torch']:6.2f}  library {own['library']:6.2f}  {ratio:.1f} times"
        )
    print("images a second of one process")
    for name in NETWORKS:
        own = found["networks"][name] = whole(name)
        ratio = own["library"] / own["torch"]
        print(
            f"{name:26} torch {own['torch']:6.0f}  library {own['library']:6.0f}  {ratio:.2f} times"
        )
    print(json.dumps(found))


if __name__ == "__main__":
    main()
