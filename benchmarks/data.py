"""What it takes to find a set in the cache, and to decode it, beside another version of nas-tc.

    python benchmarks/data.py [--before CHECKOUT] [--files 60000] [--images 2000] [--turns 3]

Writes small files into a temporary folder. The key of the cache: the content of all files, beside
their names, sizes and times alone, on a warm disk; the least seconds of each. Decoding: photographs
scaled to 224 pixels, by this version and by the one in CHECKOUT, which take turns to be first, each
in a process of its own: the median over the turns of the ratio of seconds by the clock, and of the
processor's seconds, which other programs on the machine disturb less. The last line is JSON.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles

import numpy as np
from PIL import Image

from nas_tc.data.cache import fingerprint
from nas_tc.data.tree import look_through

DECODE = """
import os, sys, time
os.environ["NAS_TC_CACHE"] = "off"
from nas_tc.data import load_data
start, cpu = time.perf_counter(), time.process_time()
data = load_data(sys.argv[1], side=(224, 224))
print(time.perf_counter() - start, time.process_time() - cpu, data.checksum)
"""


def names_sizes_times(files: list[str]) -> int:
    found = [(file, Path(file).stat()) for file in files]
    return hash(tuple((file, status.st_size, status.st_mtime_ns) for file, status in found))


def key_seconds(count: int, turns: int) -> dict[str, float]:
    """Seconds for the walk and the key of `count` files of 1.5 kB."""
    found: dict[str, list[float]] = {"content": [], "names, sizes, times": []}
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for folder in range(count // 1000):
            (root / str(folder)).mkdir()
            for file in range(1000):
                (root / str(folder) / f"{file}.png").write_bytes(os.urandom(1500))
        for _ in range(turns + 1):  # the first warms the disk's cache
            start = time.perf_counter()
            names_sizes_times(look_through(root).images)
            found["names, sizes, times"].append(time.perf_counter() - start)
            start = time.perf_counter()
            fingerprint(look_through(root).images, root, ())
            found["content"].append(time.perf_counter() - start)
    return {which: min(seconds[1:]) for which, seconds in found.items()}


def decoding_seconds(before: Path | None, count: int, turns: int) -> dict[str, list[list[float]]]:
    """Seconds by the clock and of the processor to decode `count` photographs, here and there."""
    sides = {"after": Path(__file__).parents[1], **({"before": before} if before else {})}
    found: dict[str, list[list[float]]] = {side: [] for side in sides}
    checksums = set()
    random = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as name:
        for number in range(count):
            folder = Path(name) / str(number % 2)
            folder.mkdir(exist_ok=True)
            small = random.integers(0, 256, (24, 32, 3), dtype=np.uint8)
            photograph = Image.fromarray(small).resize((320, 240), Image.Resampling.BICUBIC)
            photograph.save(folder / f"{number}.jpg")
        for turn in range(turns):
            for side in sorted(sides, reverse=turn % 2 == 1):
                place = sides[side]
                ran = subprocess.run(
                    [sys.executable, "-c", DECODE, f"imagefolder:{name}"],
                    env={**os.environ, "PYTHONPATH": str(place)},
                    cwd=place, capture_output=True, text=True, check=True,
                )  # fmt: skip
                *seconds, checksum = ran.stdout.split()
                found[side].append([float(each) for each in seconds])
                checksums.add(checksum)
    assert len(checksums) == 1, "the versions decode to other pixels"
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--before", type=Path)
    parser.add_argument("--files", type=int, default=60_000)
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--turns", type=int, default=3)
    arguments = parser.parse_args()
    key = key_seconds(arguments.files, arguments.turns)
    for which, seconds in key.items():
        print(f"key of {arguments.files:,} files by {which:20} {seconds:6.2f} s")
    decoding = decoding_seconds(arguments.before, arguments.images, arguments.turns)
    ratios: dict[str, list[float]] = {}
    for index, what in enumerate(("clock", "processor")):
        for side, seconds in decoding.items():
            middle = median(each[index] for each in seconds)
            print(f"decoding of {arguments.images:,} images, {what}, {side:6} {middle:6.2f} s")
        if "before" in decoding:
            pairs = zip(decoding["after"], decoding["before"], strict=True)
            ratios[what] = [after[index] / before[index] for after, before in pairs]
            low, middle, high = quantiles(ratios[what], n=4)
            print(
                f"after / before, {what}: median {middle:.3f}, quartiles {low:.3f} to {high:.3f}, "
                f"n = {arguments.turns}"
            )
    print(json.dumps({"key_s": key, "decoding_s": decoding, "ratios": ratios}))


if __name__ == "__main__":
    main()
