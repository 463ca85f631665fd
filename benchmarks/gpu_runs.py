"""Trainings for the acceptance on a GPU: images of noise, three sizes of networks, single steps.

With `--device cpu` the same code runs on the processor, step by step, to rehearse it.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from gpu_part import PartFailedError

from nas_tc.architecture import GAP, Architecture, Head, parse_notation
from nas_tc.module import build
from nas_tc.recipe import Recipe
from nas_tc.training import Images, Training, muon, step, with_colours
from nas_tc.training.gpu_steps import GpuSteps

SIDE, CLASSES = 32, 10
NETWORKS = {  # of the space plain-32, and one that fills a card
    "6M": "(3,8)x2 | 2/2 | (2,64)/2+(2,48) | 2/1 | (3,48)x3+(3,64)",
    "20M": "(3,32) | 2/2 | (3,64)x2 | 2/2 | (3,96)",
    "400M": "(3,64)x2 | 2/2 | (3,128)x2 | 2/2 | (3,256)x2",
}
SEED = 3


def device_of(name: str) -> torch.device:
    """The device; without a GPU the part ends with a line that says so.

    Raises:
        PartFailedError: The name is "cuda" and torch sees no GPU.
    """
    if name == "cuda" and not torch.cuda.is_available():
        raise PartFailedError("torch sees no GPU", {})
    return torch.device(name)


def noise(count: int) -> Images:
    """Images of noise in main memory, and labels."""
    generator = torch.Generator().manual_seed(0)
    shape = count, SIDE, SIDE, 3
    pixels = torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)
    return Images(pixels, torch.arange(count) % CLASSES)


def placed(images: Images, device: torch.device, recipe: Recipe, *, streamed: bool) -> Images:
    """The images for a training on the device."""
    pixels = images.pixels if streamed else images.pixels.to(device)
    return with_colours(
        Images(pixels, images.labels.to(device), margin=images.margin, streamed=streamed), recipe
    )


def architecture_of(notation: str, head: Head = GAP) -> Architecture:
    """The network for images of noise."""
    return Architecture((3, SIDE, SIDE), parse_notation(notation), head, CLASSES)


def training(
    architecture: Architecture, images: Images, recipe: Recipe, *, captures: bool = True
) -> Training:
    """A training by `GpuSteps`, on the processor as well."""
    device = images.labels.device
    network = build(architecture, seed=1).to(device).train()
    run = Training(network, images, recipe, seed=SEED, captures=captures)
    if device.type == "cpu":
        host = run._steps
        run._steps = GpuSteps(
            host._step, images, recipe, host._generator, run._shard, captures=False
        )
    return run


def begin(run: Training, steps: int) -> None:
    """Sends the numbers of an epoch of so many steps, at a constant rate."""
    shares = [0.0] * steps if run._ema is None else run._ema.shares(steps)
    run._steps.begin_epoch([0.05] * steps, shares)


def losses(run: Training, steps: int) -> list[float]:
    """The loss of each of the first steps of an epoch."""
    found, before = [], 0.0
    for _ in range(steps):
        run._steps.run()
        total = run._steps.total.item()
        found.append(total - before)
        before = total
    return found


@contextmanager
def in_float32() -> Iterator[None]:
    """Trains in float32 throughout, without TF32."""
    before = step.autocast_dtype, muon.autocast_dtype, torch.backends.cudnn.allow_tf32
    step.autocast_dtype = muon.autocast_dtype = lambda _: torch.float32
    torch.backends.cudnn.allow_tf32 = False
    try:
        yield
    finally:
        step.autocast_dtype, muon.autocast_dtype, torch.backends.cudnn.allow_tf32 = before
