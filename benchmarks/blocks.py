"""Training speed of residual, inverted and separable networks, on one core, all ways interleaved.

    python benchmarks/blocks.py            # about three minutes on an idle core

Three ways: the plain loop of a PyTorch user (plain_loop.py, float32); ours with torch's own
gradient of depthwise convolutions; ours. Before them the gradient of depthwise convolutions alone,
torch against the library. Seconds are those of the processor, so that other programs count little,
and the best of all rounds is taken. The images are noise. The last line is JSON.
"""

import argparse
import copy
import json
import time
from dataclasses import replace

import numpy as np
import torch
from plain_loop import train_plainly
from torch import nn

from nas_tc.architecture import GAP, Architecture, parse_notation, walk_convs
from nas_tc.data import ImageData, Split
from nas_tc.module import build
from nas_tc.recipe import Recipe
from nas_tc.training import Training, fused_forward, images_on, settle_on_core, take_huge_pages
from nas_tc.training.depthwise import DepthwiseConv, gains
from nas_tc.training.device import autocast_dtype

NETWORKS = {  # 20 to 27 M multiply-adds at 32x32
    "plain": "(3,32) | 2/2 | (3,64)x2 | 2/2 | (3,96)",
    "residual": "(3,16) | basic(3,16)x2 | basic(3,32)/2+basic(3,32) | basic(3,64)/2+basic(3,64)",
    "bottleneck": "(3,16) | bottleneck(3,64)x2 | bottleneck(3,128)/2+bottleneck(3,128) | "
    "bottleneck(3,256)/2+bottleneck(3,256)",
    "separable": "(3,32) | separable(3,64)x2 | separable(3,128)/2+separable(3,128) | "
    "separable(3,192)/2",
    "inverted": "(3,16) | inverted[4](3,24)x2 | inverted[4](3,40)/2+inverted[4](3,40) | "
    "inverted[4](3,64)/2+inverted[4](3,64)",
    "inverted 5x5": "(3,16) | inverted[3](5,24)x2 | inverted[3](5,40)/2+inverted[3](5,40) | "
    "inverted[3](5,64)/2+inverted[3](5,64)",
}
FILTERS = ((96, 32, 3, 1), (96, 32, 3, 2), (96, 32, 5, 1), (160, 16, 5, 2), (384, 8, 3, 2))
BATCH, STEPS = 64, 6


def noise():
    """Images of noise for a few steps."""
    generator = np.random.default_rng(0)

    def split(count):
        images = generator.integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)
        return Split(images, np.arange(count) % 10)

    return ImageData("noise", split(BATCH * STEPS), split(20), split(20), tuple("0123456789"))


def processor_s(work):
    """Seconds of the processor that `work` takes."""
    started = time.process_time()
    work()
    return time.process_time() - started


def speeds(name, data, rounds):
    """Images a second of a network's training, by way."""
    architecture = Architecture((3, 32, 32), parse_notation(NETWORKS[name]), GAP, 10)
    mean, std = data.moments
    recipe = Recipe(epochs=1, augment=("crop", "flip"))
    images = images_on(torch.device("cpu"), data.train)

    def ours(takes):
        fused_forward.gains = takes
        network = build(architecture, mean=mean, std=std, seed=0)
        run = Training(network, images, replace(recipe, epochs=10**6), seed=0)
        fused_forward.gains = gains
        return run.run_epoch

    def plain():
        network = build(architecture, seed=0)
        train_plainly(network, data, recipe, 0, evaluate=False, loaders=0)

    ways = {"plain": plain, "torch's gradient": ours(lambda _: False), "ours": ours(gains)}
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(rounds):
        for way, work in ways.items():
            best[way] = min(best[way], processor_s(work))
    complexity = sum(conv.complexity for conv in walk_convs(architecture))
    found = {way: round(BATCH * STEPS / seconds, 1) for way, seconds in best.items()}
    slow, partly, fast = found.values()
    print(
        f"{name}, {complexity / 1e6:.1f} M: plain {slow:.0f}, ours with torch's gradient "
        f"{partly:.0f}, ours {fast:.0f} images/s: {fast / partly:.2f} and {fast / slow:.1f} times; "
        f"{NETWORKS[name]}",
        flush=True,
    )
    return {"complexity": complexity, **found}


def alone(channels, side, size, stride, rounds):
    """Milliseconds of a depthwise convolution, forwards and backwards."""
    conv = nn.Conv2d(channels, channels, size, stride, size // 2, groups=channels, bias=False)
    dtype = autocast_dtype(torch.device("cpu"))
    maps = torch.randn(BATCH, channels, side, side).to(dtype)
    maps = maps.to(memory_format=torch.channels_last).requires_grad_()
    ways = {"torch": copy.deepcopy(conv), "library": DepthwiseConv(conv)}
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(rounds + 1):
        for way, steps in ways.items():
            with torch.autocast("cpu", dtype=dtype, enabled=dtype != torch.float32):
                given = torch.ones_like(steps(maps))

                def passes(steps=steps, given=given):
                    steps(maps).backward(given)

                best[way] = min(best[way], processor_s(passes))
    found = {way: round(seconds * 1e3, 2) for way, seconds in best.items()}
    print(
        f"depthwise {size}x{size}/{stride}, {channels} channels, {side}x{side}: torch "
        f"{found['torch']:.1f} ms, library {found['library']:.1f}: "
        f"{found['torch'] / found['library']:.1f} times",
        flush=True,
    )
    return found


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    settle_on_core()
    take_huge_pages()
    data = noise()
    found = {"dtype": str(autocast_dtype(torch.device("cpu"))), "networks": {}, "filters": {}}
    for filter in FILTERS:
        found["filters"]["x".join(map(str, filter))] = alone(*filter, rounds)
    for name in NETWORKS:
        found["networks"][name] = speeds(name, data, rounds)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
