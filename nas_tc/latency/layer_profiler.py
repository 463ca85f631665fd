"""Times each layer of a network where it runs: in the network.

A layer alone is quicker than in its place, where its weights have left the cache and its input was
just written. So the clock is read between the layers of whole runs, which also costs one run for
all layers.
"""

import time
from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from nas_tc.architecture import Architecture
from nas_tc.latency.layer_profile import LEAST_MS, LayerProfile, rows_of
from nas_tc.latency.layer_signature import signatures_of
from nas_tc.latency.onnx_profiler import profile_onnx_layers
from nas_tc.latency.prefix_profiler import profile_prefixes
from nas_tc.latency.timed_rounds import timed_rounds
from nas_tc.timing.baseline_speed import ReferenceSpeed
from nas_tc.timing.clock import counted_quantile
from nas_tc.timing.dummy_network import dummy_network
from nas_tc.timing.estimate import quantile_of
from nas_tc.timing.setting import DTYPES, Setting
from nas_tc.timing.work import images_of

_WARM_UPS = 3
_FEWEST = 12  # runs, however long they take
_LEAST_S = 0.4

Stamp = int | torch.cuda.Event


def profile_layers(
    architecture: Architecture,
    setting: Setting,
    device: torch.device,
    *,
    least_s: float = _LEAST_S,
    fewest: int = _FEWEST,
    reference_speed: ReferenceSpeed | None = None,
) -> LayerProfile:
    """Times a network and its layers, in interleaved runs.

    By onnxruntime its own clock of nodes tells the layers; see `onnx_profiler`. On a GPU they are
    replays of CUDA graphs, unless the setting is eager; see `prefix_profiler`.

    Args:
        architecture: Network, which gets fresh weights: their values do not change the time.
        setting: Forward pass or training step, batch, type of numbers.
        device: Device to run on; call it within `one_thread` on a processor.
        least_s: Seconds of runs, but `fewest` to 200 runs.
        fewest: Runs at least, however long they take.
        reference_speed: Speed that times are corrected to; None: times are what the clock read.

    Raises:
        ArchitectureError: A map shrinks to nothing.
        CaptureError: A pass cannot be captured in a CUDA graph.
    """
    if device.type != "cpu" and not setting.eager:
        return profile_prefixes(architecture, setting, device, least_s=least_s, fewest=fewest)
    if setting.runtime == "onnxruntime":
        return profile_onnx_layers(
            architecture,
            setting,
            least_s=least_s,
            fewest=fewest,
            reference_speed=reference_speed,
        )
    signatures = signatures_of(architecture)
    work = (_Step if setting.what == "train_step" else _Forward)(architecture, setting, device)
    for _ in range(_WARM_UPS):
        work.run(_ignore)
    samples: list[list[float]] = []
    quantile = counted_quantile(device)
    wholes, slowdown = timed_rounds(
        lambda: samples.append(work.layers_ms()),
        work.whole_ms,
        least_s=least_s,
        fewest=fewest,
        quantile=quantile,
        reference_speed=reference_speed,
    )
    whole_ms, *times = (
        max(quantile_of(column, quantile), LEAST_MS) / slowdown
        for column in (wholes, *zip(*samples, strict=True))
    )
    update_ms = times.pop() if len(times) > len(signatures) else None
    return LayerProfile(whole_ms, tuple(zip(signatures, times, strict=True)), update_ms)


class _Forward:
    """A forward pass with a clock between its layers."""

    def __init__(self, architecture: Architecture, setting: Setting, device: torch.device) -> None:
        dtype = DTYPES[setting.dtype]
        self._stamp = _stamper(device)
        self._network = dummy_network(architecture).to(device, dtype).eval()
        self._images = images_of(architecture, setting.batch, device).to(dtype)
        self._rows = rows_of(self._network, architecture)

    @torch.inference_mode()
    def run(self, mark: Callable[[], None]) -> None:
        maps = self._network.normalize(self._images)
        mark()
        for row in self._rows:
            for module in row:
                maps = module(maps)
            mark()

    def layers_ms(self) -> list[float]:
        """Milliseconds of each layer."""
        stamps: list[Stamp] = []
        self.run(lambda: stamps.append(self._stamp()))
        return [_between(*pair) for pair in pairwise(stamps)]

    def whole_ms(self) -> float:
        """Milliseconds of a run without a clock between layers."""
        before = self._stamp()
        self.run(_ignore)
        return _between(before, self._stamp())


class _Step:
    """A training step, as `training_step` has it, with a clock between its layers.

    A layer's backward pass lies between the gradients of its output and of its input. Its update is
    that of its own parameters on a processor, which updates them one after another. A GPU updates
    all parameters at once, so the update is timed once.
    """

    def __init__(self, architecture: Architecture, setting: Setting, device: torch.device) -> None:
        self._stamp = _stamper(device)
        self._dtype = DTYPES[setting.dtype]
        self._network = dummy_network(architecture).to(device).train()
        self._images = images_of(architecture, setting.batch, device)
        self._labels = torch.arange(setting.batch, device=device) % architecture.classes
        self._rows = rows_of(self._network, architecture)
        is_one_call = device.type != "cpu"
        self._optimizers = None if is_one_call else [_optimizer(row) for row in self._rows]
        self._whole = torch.optim.SGD(self._network.parameters(), lr=0.0, momentum=0.9)

    def run(self, _mark: Callable[[], None]) -> None:
        self._loss(_ignore_maps).backward()
        self._whole.step()

    def layers_ms(self) -> list[float]:
        """Milliseconds of each layer: forward, backward, update; or of one update behind them."""
        forward: list[Stamp] = []
        backward: list[Stamp] = []

        def mark(maps: Tensor) -> None:
            forward.append(self._stamp())
            if maps.requires_grad:
                maps.register_hook(lambda _: backward.append(self._stamp()))

        loss = self._loss(mark)
        loss.backward()
        backward.append(self._stamp())
        updates = [self._stamp()]
        for optimizer in [self._whole] if self._optimizers is None else self._optimizers:
            if optimizer is not None:
                optimizer.step()
            updates.append(self._stamp())
        ahead, back, update = (
            [_between(*pair) for pair in pairwise(each)] for each in (forward, backward, updates)
        )
        layers = [sum(times) for times in zip(ahead, back[::-1], strict=True)]
        if self._optimizers is None:
            return layers + update
        return [sum(times) for times in zip(layers, update, strict=True)]

    def whole_ms(self) -> float:
        """Milliseconds of a step without a clock between layers."""
        before = self._stamp()
        self.run(_ignore)
        return _between(before, self._stamp())

    def _loss(self, mark: Callable[[Tensor], None]) -> Tensor:
        with torch.autocast(
            self._images.device.type, dtype=self._dtype, enabled=self._dtype != torch.float32
        ):
            maps = self._network.normalize(self._images)
            mark(maps)
            for row in self._rows:
                for module in row:
                    maps = module(maps)
                mark(maps)
            loss = functional.cross_entropy(maps.float(), self._labels)
        self._whole.zero_grad(set_to_none=True)
        return loss


def _optimizer(row: Sequence[nn.Module]) -> torch.optim.Optimizer | None:
    parameters = [each for module in row for each in module.parameters()]
    return torch.optim.SGD(parameters, lr=0.0, momentum=0.9) if parameters else None


def _stamper(device: torch.device) -> Callable[[], Stamp]:
    if device.type == "cpu":
        return time.thread_time_ns  # as `clock._cpu_clock`, whose docstring has the reason

    def record() -> torch.cuda.Event:
        event = torch.cuda.Event(enable_timing=True)
        event.record()
        return event

    return record


def _between(before: Stamp, after: Stamp) -> float:
    if isinstance(before, int) and isinstance(after, int):
        return (after - before) / 1e6
    assert isinstance(before, torch.cuda.Event)
    assert isinstance(after, torch.cuda.Event)
    after.synchronize()
    return float(before.elapsed_time(after))


def _ignore() -> None:
    """No clock."""


def _ignore_maps(_maps: Tensor) -> None:
    """No clock."""
