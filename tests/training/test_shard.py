"""Several processes that train one network together."""

import subprocess
import sys

import pytest
import torch

from nas_tc.errors import NasTcError
from nas_tc.recipe import Recipe
from nas_tc.training import Images, Shard, check_shard
from nas_tc.training.batches import shuffled_batches
from nas_tc.training.colour import principal_colours

TOGETHER = """
import sys
import torch
from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.data import load_data
from nas_tc.module import build
from nas_tc.recipe import Recipe
from nas_tc.training import Shard, Training, images_on

rank, size, file = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
if size > 1:
    torch.distributed.init_process_group("gloo", f"file://{file}.store", rank=rank, world_size=size)
torch.set_num_threads(1)
data = load_data("digits", side=(16, 16), train_images=320)
architecture = Architecture(data.shape, parse_notation("(3,8)/2 | (3,16)/2"), GAP, 10, norm="none")
recipe = Recipe(epochs=3, ema=0.9, augment=("colour", "crop", "flip"), learning_rate=0.02)
run = Training(build(architecture, seed=rank), images_on(torch.device("cpu"), data.train), recipe,
               seed=0, shard=Shard(rank, size))
losses = [run.run_epoch() for _ in range(2)]
if size > 1:  # as after a checkpoint: from here on both must still agree
    run.resume(run.state())
losses.append(run.run_epoch())
torch.save((losses, run.evaluated().state_dict()), f"{file}.{rank}")
"""


def trained(size, file):
    """What each of `size` processes has in the end: losses and weights."""
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", TOGETHER, str(rank), str(size), str(file)],
            stderr=subprocess.PIPE, text=True,
        )
        for rank in range(size)
    ]  # fmt: skip
    for run in runs:
        assert run.wait() == 0, run.stderr.read()
        run.stderr.close()
    return [torch.load(f"{file}.{rank}") for rank in range(size)]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shard")
    return trained(1, folder / "alone"), trained(2, folder / "two")


def test_two_workers_end_where_one_does(results):
    ((losses, weights),), ((theirs, shared), _) = results
    assert theirs == pytest.approx(losses, rel=2e-3)  # bfloat16 sums in another order
    for name, weight in weights.items():
        assert torch.allclose(weight, shared[name], atol=5e-3), name


def test_all_workers_end_with_the_same_weights(results):
    _, ((_, first), (_, second)) = results
    assert all(torch.equal(value, second[name]) for name, value in first.items())


def test_the_parts_of_a_batch_are_the_batch():
    pixels = torch.randint(0, 256, (40, 8, 8, 3), dtype=torch.uint8)
    images = Images(pixels, torch.arange(40), principal_colours(pixels), margin=2)
    recipe = Recipe(batch_size=12, augment=("colour", "crop", "flip"))

    def epoch(shard):
        return shuffled_batches(images, recipe, torch.Generator().manual_seed(1), shard)

    for whole, *parts in zip(epoch(Shard()), *(epoch(Shard(r, 3)) for r in range(3)), strict=True):
        for number, tensor in enumerate(whole):
            assert torch.equal(tensor, torch.cat([part[number] for part in parts]))


def test_batches_that_cannot_be_split_evenly():
    with pytest.raises(NasTcError, match="batch_size 64 cannot be split evenly among 3 workers"):
        check_shard(Shard(0, 3), Recipe(), 1000)
    with pytest.raises(NasTcError, match="50 training images are less than a batch of 64"):
        check_shard(Shard(0, 2), Recipe(), 50)
    check_shard(Shard(), Recipe(), 50)
