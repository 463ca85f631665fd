"""One training step: the loss of a batch, its gradient, and the update of the weights."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from nas_tc.training.device import autocast_dtype
from nas_tc.training.ema import WeightEma
from nas_tc.training.muon import Muon
from nas_tc.training.sgd import Sgd


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a training, for batches on the device of the network.

    Matrix products run in bfloat16 where the device is fast at it; sums and weights stay float32.

    Attributes:
        forward: Function from images to scores.
        optimizer: Optimizer of the network's parameters.
        ema: Average of the weights; None: there is none.
        label_smoothing: Share of the labels' weight that all classes get.
    """

    forward: Callable[[Tensor], Tensor]
    optimizer: Muon | Sgd
    ema: WeightEma | None
    label_smoothing: float

    def __call__(
        self, images: Tensor, labels: Tensor, rate: float | Tensor, share: float | Tensor
    ) -> Tensor:
        """Trains on one batch, and returns the loss before the update, float32.

        Args:
            images: float, (n, channels, height, width), 0 to 1, in channels_last format.
            labels: int64, (n,).
            rate: Learning rate; a number, or a float32 scalar on the device. Only that can change
                from one replay of a captured step to the next.
            share: Weight of the new weights in the average, likewise.
        """
        kind = labels.device.type
        dtype = autocast_dtype(labels.device)
        with torch.autocast(
            kind,
            dtype=dtype,
            enabled=dtype != torch.float32,
            cache_enabled=kind == "cpu",  # a graph must not use casts from outside of its capture
        ):
            scores = self.forward(images)
        loss = functional.cross_entropy(
            scores.float(), labels, label_smoothing=self.label_smoothing
        )
        loss.backward()
        self.optimizer.step(rate)
        if self.ema is not None:
            self.ema.update(share)
        return loss.detach()
