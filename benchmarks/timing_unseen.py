"""Predicted times of networks that are no members of the space that a table was filled from.

    python benchmarks/timing_unseen.py [--networks 60] [--input 3x64x64] [--out FILE]

Fills a table from plain-32, and predicts eight networks with 1x1 filters or 80, 216 or 256
filters, and four with other blocks: by the table alone, and with the layers that it lacks timed at
once. Then it times them, five builds each.
"""

import argparse
import json
import tempfile
from copy import deepcopy
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import torch

from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.latency import LayerTimes, Prediction, TimeTable, calibrate, profile_layers
from nas_tc.space import load_space
from nas_tc.timing import (
    ReferenceSpeed,
    Setting,
    find_reference_speed,
    one_thread,
    stopwatch,
    time_rebuilds,
    work_of,
)
from nas_tc.training import settle_on_core, take_huge_pages

CPU = torch.device("cpu")
NETWORKS = (
    "(3,32)/2 | 2/2 | (1,64) | (3,64) | 2/2 | (1,128)",
    "(5,80)/2 | 2/2 | (3,80)x2 | 2/2 | (3,160)",
    "(3,48)/2 | 3/2 | (3,96)x2 | (1,216)",
    "(3,16)x2 | 2/2 | (3,64)x2 | 2/2 | (3,256)",
    "(5,48)/2 | 2/2 | (3,80)x2 | (1,216)",
    "(3,24)/2 | (1,80) | (3,80)/2 | (1,256)",
    "(5,16)/2 | (3,216)/2 | 2/2 | (1,64) | (3,64)",
    "(3,80)/2 | 2/2 | (1,80)x3 | 2/2 | (3,256)",
    "(3,32)/2 | basic(3,32)x2 | basic(3,64)/2 | basic(3,128)/2",
    "(3,16)/2 | inverted[4](3,24)/2 | inverted[4](3,48)/2+inverted[4](3,48)",
    "(3,32)/2 | separable(3,64) | separable(3,128)/2",
    "(3,32)/2 | bottleneck(3,64)x2 | bottleneck(3,128)/2",
)


def row_of(
    notation: str, input: tuple[int, int, int], times: LayerTimes, speed: ReferenceSpeed | None
) -> dict[str, Any]:
    """Both predictions of a network, and its time."""
    network = Architecture(input, parse_notation(notation), GAP, 10)
    alone = times.predict(network)
    own = deepcopy(times)
    own.add_new(
        profile_layers(network, Setting(), CPU, least_s=0.0, fewest=6, reference_speed=speed)
    )
    timed = own.predict(network)
    build = partial(work_of, network, Setting(), CPU)
    rebuilt = time_rebuilds(stopwatch(CPU, speed), [build], rebuilds=5, rebuild_s=0.1, most_s=20.0)
    measured = rebuilt.time().value
    assert alone is not None
    assert timed is not None
    row = {"network": notation, "ms": measured}
    return {**row, **figures("table", alone, measured), **figures("timed", timed, measured)}


def figures(name: str, found: Prediction, measured: float) -> dict[str, Any]:
    """A prediction beside the measured time."""
    return {
        f"{name}_ms": found.ms,
        f"{name}_low_ms": found.low_ms,
        f"{name}_high_ms": found.high_ms,
        f"{name}_error": found.ms / measured - 1,
        f"{name}_within": found.low_ms <= measured <= found.high_ms,
        f"{name}_guessed": found.guessed,
        f"{name}_unlike": found.unlike,
        "layers": found.layers,
    }


def main() -> None:
    """Fills the table, and prints the networks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", type=int, default=60, help="to fill the table from")
    parser.add_argument("--input", default="3x64x64")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    channels, height, width = map(int, options.input.split("x"))
    shape = (channels, height, width)
    settle_on_core()
    take_huge_pages()
    with tempfile.TemporaryDirectory() as folder, one_thread():
        speed = find_reference_speed(CPU, Path(folder))
        times = TimeTable.here(CPU).of(Setting())
        space = load_space("plain-32").at(shape, 10)
        for _ in calibrate(
            times, space, Setting(), CPU, networks=options.networks, reference_speed=speed
        ):
            pass
        rows = [row_of(notation, shape, times, speed) for notation in NETWORKS]
    print(
        f"{len(times.layers)} layers of {len(times.networks)} networks; error {times.error_range}"
    )
    for row in rows:
        print(
            f"{row['ms']:7.3f} ms  table {row['table_error']:+6.1%} "
            f"({row['table_low_ms']:.3f} to {row['table_high_ms']:.3f}, {row['table_unlike']} "
            f"unlike)  timed {row['timed_error']:+6.1%} "
            f"({row['timed_low_ms']:.3f} to {row['timed_high_ms']:.3f})  {row['network']}"
        )
    for name in ("table", "timed"):
        errors = sorted(abs(row[f"{name}_error"]) for row in rows)
        within = sum(row[f"{name}_within"] for row in rows)
        print(
            f"{name}: median error {median(errors):.1%}, worst {errors[-1]:.1%}, "
            f"{within} of {len(rows)} within their range"
        )
    if options.out is not None:
        options.out.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
