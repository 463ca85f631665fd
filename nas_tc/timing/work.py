"""Forward passes and training steps of a network, ready to be timed."""

from typing import Any

import torch
from torch.nn import functional

from nas_tc.architecture import Architecture
from nas_tc.timing.clock import Run
from nas_tc.timing.cuda_graph import captured
from nas_tc.timing.dummy_network import dummy_network
from nas_tc.timing.onnx_work import onnx_pass
from nas_tc.timing.setting import DTYPES, Setting


def work_of(
    architecture: Architecture, setting: Setting, device: torch.device, pool: Any = None
) -> Run:
    """The forward pass or training step of a setting, ready to run.

    On a GPU it is a `GraphRun`, unless the setting is eager.

    Args:
        architecture: Network to run, with fresh weights.
        setting: Pass, batch, type of numbers, launch and runtime.
        device: Device to run on.
        pool: Memory pool that its CUDA graph shares with those of other networks, see `captured`.

    Raises:
        ArchitectureError: A map shrinks to nothing.
        DeviceError: onnxruntime is asked for, and is not installed.
    """
    if setting.runtime == "onnxruntime":
        return onnx_pass(architecture, batch=setting.batch, dtype=setting.dtype)
    work = training_step if setting.what == "train_step" else forward_pass
    run = work(architecture, batch=setting.batch, device=device, dtype=DTYPES[setting.dtype])
    return run if device.type == "cpu" or setting.eager else captured(run, pool)


def forward_pass(
    architecture: Architecture,
    *,
    batch: int = 1,
    device: torch.device | None = None,
    dtype: torch.dtype = torch.float32,
) -> Run:
    """A function that runs one forward pass, in inference mode and channels_last format.

    Args:
        architecture: Network to run, with fresh weights: their values do not change the time.
        batch: Number of images.
        device: Device to run on; the processor if None.
        dtype: Type of weights and images, float32 or bfloat16.

    Raises:
        ArchitectureError: A map shrinks to nothing.
    """
    network = dummy_network(architecture).to(device, dtype).eval()
    images = images_of(architecture, batch, device).to(dtype)

    @torch.inference_mode()
    def run() -> None:
        network(images)

    return run


def training_step(
    architecture: Architecture,
    *,
    batch: int,
    device: torch.device | None = None,
    dtype: torch.dtype = torch.float32,
) -> Run:
    """A function that runs one training step: forward, cross-entropy, backward, SGD with momentum.

    It uses torch's own layers, so users of the network measure the same time. The steps of a search
    are quicker on processors, by layers of nas-tc. Weights are float32. With bfloat16, convolutions
    and matrix products are computed in bfloat16, by autocast. The learning
    rate is 0, so that a step can be repeated without end; the update is computed all the same.

    Args:
        architecture: Network to train.
        batch: Number of images of a step; two at least with batch normalisation on 1x1 maps.
        device: Device to run on; the processor if None.
        dtype: Type of convolutions and matrix products, float32 or bfloat16.

    Raises:
        ArchitectureError: A map shrinks to nothing.
    """
    network = dummy_network(architecture).to(device).train()
    images = images_of(architecture, batch, device)
    labels = torch.arange(batch, device=device) % architecture.classes
    optimizer = torch.optim.SGD(network.parameters(), lr=0.0, momentum=0.9)
    device_type = images.device.type

    def run() -> None:
        with torch.autocast(device_type, dtype=dtype, enabled=dtype != torch.float32):
            scores = network(images)
            loss = functional.cross_entropy(scores.float(), labels)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    return run


def images_of(architecture: Architecture, batch: int, device: torch.device | None) -> torch.Tensor:
    """Images that are always the same, shape (batch, channels, height, width), channels_last."""
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(batch, *architecture.input, generator=generator)
    return images.to(device, memory_format=torch.channels_last)
