"""Times each layer of a network on a GPU, by replays of its first layers in CUDA graphs.

An event between two layers would add a microsecond or two to each, as much as a small layer takes,
and launches would be timed instead of kernels. So the first 0, 1, 2 ... layers are captured and
replayed, and a layer's time is the difference that it makes. The differences add up to the network.
"""

import time

import torch
from torch import Tensor
from torch.nn import functional

from nas_tc.architecture import Architecture, volume
from nas_tc.errors import CaptureError
from nas_tc.latency.layer_profile import LEAST_MS, LayerProfile, rows_of
from nas_tc.latency.layer_signature import nodes_of, output_of, signatures_of
from nas_tc.timing.clock import Run, clock_of, counted_quantile
from nas_tc.timing.cuda_graph import GraphRun, captured
from nas_tc.timing.dummy_network import dummy_network
from nas_tc.timing.estimate import quantile_of
from nas_tc.timing.setting import DTYPES, Setting
from nas_tc.timing.work import images_of

_MOST = 200  # rounds


def profile_prefixes(
    architecture: Architecture,
    setting: Setting,
    device: torch.device,
    *,
    least_s: float,
    fewest: int,
) -> LayerProfile:
    """Times a network and its layers on a GPU, in interleaved samples of replays.

    Args:
        architecture: Network, which gets fresh weights: their values do not change the time.
        setting: Forward pass or training step, batch, type of numbers.
        device: The GPU.
        least_s: Seconds of samples, but `fewest` to 200 rounds.
        fewest: Rounds at least, however long they take.

    Raises:
        ArchitectureError: A map shrinks to nothing.
        CaptureError: A pass cannot be captured in a CUDA graph.
    """
    signatures = signatures_of(architecture)
    work = (_Step if setting.what == "train_step" else _Forward)(architecture, setting, device)
    pool = torch.cuda.graph_pool_handle()  # one for all: nobody reads what they leave in memory
    runs = [work.first(count) for count in range(len(signatures) + 1)]
    if isinstance(work, _Step):
        runs += [work.update(), work.whole]
    graphs = [_graph_of(run, setting, pool) for run in runs]
    clock, quantile = clock_of(device), counted_quantile(device)
    samples: list[list[float]] = []
    started = time.monotonic()
    while len(samples) < fewest or (len(samples) < _MOST and time.monotonic() - started < least_s):
        samples.append([clock(graph) for graph in graphs])
    found = [quantile_of(column, quantile) for column in zip(*samples, strict=True)]
    layers = differences(found[: len(signatures) + 1])
    update_ms = found[-2] if isinstance(work, _Step) else None
    return LayerProfile(found[-1], tuple(zip(signatures, layers, strict=True)), update_ms)


def differences(cumulative_ms: list[float]) -> list[float]:
    """The differences between the times of more and more layers; each is above zero.

    What a layer takes less than nothing, by the errors of the clock, is taken from the next.

    Args:
        cumulative_ms: Milliseconds of the first 0, 1, 2 ... layers.
    """
    found = []
    before = cumulative_ms[0]
    for after in cumulative_ms[1:]:
        found.append(max(after - before, LEAST_MS))
        before += found[-1]
    return found


def _graph_of(run: Run, setting: Setting, pool: object) -> GraphRun:
    graph = captured(run, pool)
    if graph.graph is None:
        raise CaptureError(
            f"{setting} cannot be captured in a CUDA graph ({graph.reason}), so its layers are not "
            "timed; limit the eager time instead, as in latency_eager<=2ms, with a table of "
            "nas-tc calibrate --eager"
        )
    return graph


class _Forward:
    """Forward passes of the first layers of a network."""

    def __init__(self, architecture: Architecture, setting: Setting, device: torch.device) -> None:
        dtype = DTYPES[setting.dtype]
        self._network = dummy_network(architecture).to(device, dtype).eval()
        self._images = images_of(architecture, setting.batch, device).to(dtype)
        self._rows = rows_of(self._network, architecture)

    def first(self, count: int) -> Run:
        """The pass through the first `count` layers, behind the normalisation of the images."""

        @torch.inference_mode()
        def run() -> None:
            maps = self._network.normalize(self._images)
            for row in self._rows[:count]:
                for module in row:
                    maps = module(maps)

        return run


class _Step:
    """Training steps, as `training_step` has them, of the first layers of a network."""

    def __init__(self, architecture: Architecture, setting: Setting, device: torch.device) -> None:
        self._dtype = DTYPES[setting.dtype]
        self._network = dummy_network(architecture).to(device).train()
        self._images = images_of(architecture, setting.batch, device)
        self._labels = torch.arange(setting.batch, device=device) % architecture.classes
        self._rows = rows_of(self._network, architecture)
        self._optimizer = torch.optim.SGD(self._network.parameters(), lr=0.0, momentum=0.9)
        largest = max(volume(output_of(node)) for node in nodes_of(architecture))
        self._gradients = _Gradients(largest * setting.batch)

    def first(self, count: int) -> Run:
        """Forward and backward pass of the first `count` layers, from a constant gradient."""

        def run() -> None:
            maps = self._maps(count)
            if maps.requires_grad:
                maps.backward(self._gradients.like(maps))

        return run

    def update(self) -> Run:
        """The update of all parameters, by gradients that no other graph overwrites."""
        parameters = list(self._network.parameters())
        gradients = [torch.zeros_like(each) for each in parameters]

        def run() -> None:
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter.grad = gradient
            self._optimizer.step()

        return run

    def whole(self) -> None:
        """The whole step: forward, cross-entropy, backward, update."""
        loss = functional.cross_entropy(self._maps(len(self._rows)).float(), self._labels)
        loss.backward()
        self._optimizer.step()

    def _maps(self, count: int) -> Tensor:
        self._optimizer.zero_grad(set_to_none=True)
        with torch.autocast(
            self._images.device.type, dtype=self._dtype, enabled=self._dtype != torch.float32
        ):
            maps: Tensor = self._network.normalize(self._images)
            for row in self._rows[:count]:
                for module in row:
                    maps = module(maps)
        return maps


class _Gradients:
    """Gradients of ones for maps of any shape, all in the same memory: graphs keep its address.

    Args:
        largest: Number of values of the largest map, over a batch.
    """

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._ones: dict[torch.dtype, Tensor] = {}

    def like(self, maps: Tensor) -> Tensor:
        ones = self._ones.get(maps.dtype)
        if ones is None:
            ones = torch.ones(self._largest, dtype=maps.dtype, device=maps.device)
            self._ones[maps.dtype] = ones
        return ones.as_strided(maps.shape, maps.stride())
