"""How well a table guesses layers on a GPU whose times are staircases in the width; made-up times.

    python benchmarks/gpu_staircases.py

A layer takes its multiply-adds in tiles of so many channels, or a floor of 4 us, and the time to
move its values, with 2 % of noise. Tables of 60 networks predict 100 others: with widths rounded
up as on GPUs, and with lines through all widths as on processors.
"""

import random
from itertools import islice
from math import ceil

import torch

from nas_tc.latency import (
    Agreement,
    LayerProfile,
    LayerSignature,
    LayerTimes,
    agreement,
    calibration,
    signatures_of,
    unseen_networks,
)
from nas_tc.space import load_space
from nas_tc.timing import Setting

FLOOR_MS, LAUNCH_MS = 0.004, 0.002
MACS_PER_MS, BYTES_PER_MS = 2e10, 2e9
NOISE = 0.02


def layer_ms(signature: LayerSignature, tile: int, batch: int) -> float:
    """Made-up milliseconds of a layer."""
    channels = [int(shape.split("x")[0]) for shape in signature.sizes.replace(">", " ").split()]
    filled = [
        ceil(count / of) * of / count
        for count, of in zip((channels[0], channels[-1]), (8, tile), strict=True)
    ]
    work_ms = signature.macs * batch * filled[0] * filled[1] / MACS_PER_MS
    return max(FLOOR_MS, work_ms) + LAUNCH_MS + 4 * signature.values * batch / BYTES_PER_MS


def errors(space_name: str, tile: int, batch: int, *, on_gpu: bool) -> Agreement:
    """Errors of a table of made-up times."""

    def profile(architecture, *_, **__) -> LayerProfile:
        layers = tuple(
            (each, layer_ms(each, tile, batch) * random.gauss(1, NOISE))
            for each in signatures_of(architecture)
        )
        return LayerProfile(sum(ms for _, ms in layers) + 0.01, layers)

    calibration.profile_layers = profile
    random.seed(1)
    space, times = load_space(space_name), LayerTimes(on_gpu=on_gpu)
    for _ in calibration.calibrate(times, space, Setting(), torch.device("cpu"), networks=60):
        pass
    unseen = list(islice(unseen_networks(times, space, 2015), 100))
    predicted = [(times.predict(each), profile(each).whole_ms) for each in unseen]
    return agreement(*zip(*((p.ms, ms) for p, ms in predicted if p is not None), strict=True))


def main() -> None:
    """Prints both kinds of guesses side by side."""
    for space in ("plain-32", "he-sun-224"):
        for tile, batch in ((32, 1), (64, 1), (64, 128)):
            for on_gpu in (True, False):
                found = errors(space, tile, batch, on_gpu=on_gpu)
                print(
                    f"{space}, tiles of {tile}, batch {batch:3}, "
                    f"{'widths rounded up' if on_gpu else 'lines through all'}: Spearman "
                    f"{found.spearman:.4f}, median error {found.median_error:.2%}, worst "
                    f"{found.worst_error:.0%}, {found.networks} networks",
                    flush=True,
                )


if __name__ == "__main__":
    main()
