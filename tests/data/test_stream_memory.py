"""Sets larger than a real limit of memory: a process that may hold less trains on them."""

import gzip
import struct
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

BOUNDED = """
import os, resource, sys
os.cpu_count = lambda: 2  # the stack of each thread that decodes is 8 MiB of the limit
import numpy as np, torch
from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.data import Decoding, Split, load_data
from nas_tc.module import build
from nas_tc.recipe import Recipe
from nas_tc.training import Training, images_on

def network(channels):
    return build(Architecture((channels, 128, 128), parse_notation("(3,2)/8"), GAP, 2))

def data_bytes():
    with open("/proc/self/status") as status:
        return 1024 * int(next(line for line in status if line.startswith("VmData")).split()[1])

torch.set_num_threads(1)
recipe, device = Recipe(epochs=1, batch_size=8), torch.device("cpu")
few = np.zeros((64, 128, 128, 3), dtype=np.uint8)
load_data("digits")
warm = images_on(device, Split(few, np.arange(64) % 2))
Training(network(3), warm, recipe, seed=0).run_epoch()  # all libraries are loaded
limit = int(sys.argv[2])
most = data_bytes() + limit
resource.setrlimit(resource.RLIMIT_DATA, (most, most))
data = load_data(sys.argv[1], decoding=Decoding(memory_limit=limit // 8))
print(sum(s.images.nbytes for s in (data.train, data.validation, data.test)))
Training(network(data.shape[0]), images_on(device, data.train), recipe, seed=0).run_epoch()
try:
    data.train.images[:].copy()
except MemoryError:
    print("bounded")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is Linux's")
def test_a_set_larger_than_its_memory_is_streamed(tmp_path, cache):
    limit = 100 * 2**20
    colours = np.random.default_rng(0).integers(0, 256, (20, 3), dtype=np.uint8)
    for name in ("cat", "dog"):
        (tmp_path / "images" / name).mkdir(parents=True)
        for number, colour in enumerate(colours):
            file = tmp_path / "images" / name / f"{number:04}.png"
            Image.new("RGB", (128, 128), tuple(map(int, colour))).save(file)
            for copy in range(1, 65):
                file.with_name(f"{number:04}-{copy}.png").hardlink_to(file)
    check_bounded(f"imagefolder:{tmp_path / 'images'}", limit)


def check_bounded(spec, limit):
    """Trains on a set in a process that may hold less than all of it."""
    ran = subprocess.run(
        [sys.executable, "-c", BOUNDED, spec, str(limit)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    held, bounded = ran.stdout.split()
    assert int(held) > limit
    assert bounded == "bounded"  # the limit was real: all images at once did not fit


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is Linux's")
@pytest.mark.parametrize("kind", ["npz", "idx"])
def test_an_array_larger_than_its_memory_is_streamed(tmp_path, cache, kind):
    count = 3200  # of 128x128, 150 MiB in colour
    image = np.full((1, 128, 128, 3), 7, dtype=np.uint8)  # packed in no time
    labels = np.arange(count, dtype=np.uint8) % 2
    if kind == "idx":
        with gzip.open(tmp_path / "train-images-idx3-ubyte.gz", "wb", 1) as file:
            file.write(struct.pack(">HBBIII", 0, 8, 3, 3 * count, 128, 128))
            for _ in range(count):
                file.write(image.tobytes())
        thrice = np.repeat(labels, 3)
        head = struct.pack(">HBBI", 0, 8, 1, len(thrice))
        (tmp_path / "train-labels-idx1-ubyte").write_bytes(head + thrice.tobytes())
        spec = f"idx:{tmp_path}"
    else:
        images = np.broadcast_to(image, (count, 128, 128, 3))
        np.savez_compressed(tmp_path / "a.npz", x=images, y=labels)
        spec = f"npz:{tmp_path / 'a.npz'}"
    check_bounded(spec, 100 * 2**20)
