"""One training step: the loss of a batch, its gradient, and the update of the weights."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from nas_tc.training.device import autocast_dtype
from nas_tc.training.ema import WeightEma
from nas_tc.training.muon import Muon
from nas_tc.training.sgd import Sgd

StepContext = Callable[[], AbstractContextManager[object]]  # makes the context of a step


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a training, for batches on the device of the network.

    Matrix products run in bfloat16 where the device is fast at it; sums and weights stay float32.

    Attributes:
        forward: Function from images to scores.
        optimizer: Optimizer of the network's parameters.
        ema: Average of the weights; None: there is none.
        label_smoothing: Share of the labels' weight that all classes get.
        class_weights: Weights in the loss, as for `batch_loss`; None: all count alike.
    """

    forward: Callable[[Tensor], Tensor]
    optimizer: Muon | Sgd
    ema: WeightEma | None
    label_smoothing: float
    class_weights: Tensor | None = None

    def __call__(
        self, images: Tensor, labels: Tensor, rate: float | Tensor, share: float | Tensor
    ) -> Tensor:
        """Trains on one batch, and returns the loss before the update, float32.

        Args:
            images: float, (n, channels, height, width), 0 to 1, in channels_last format.
            labels: int64, (n,), or uint8, (n, classes).
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
        loss = batch_loss(scores.float(), labels, self.label_smoothing, self.class_weights)
        loss.backward()
        self.optimizer.step(rate)
        if self.ema is not None:
            self.ema.update(share)
        return loss.detach()


def batch_loss(scores: Tensor, labels: Tensor, smoothing: float, weights: Tensor | None) -> Tensor:
    """The mean loss of a batch: of one label an image, or of several.

    Args:
        scores: float32, (n, classes).
        labels: int64, (n,), or uint8, (n, classes).
        smoothing: Label smoothing, 0 to 1.
        weights: (classes,), or (2, classes) where images have several labels, from
            `balanced_weights`; None: all count alike.
    """
    if labels.ndim == 2:
        return several_labels_loss(scores, labels, smoothing, weights)
    return weighted_loss(scores, labels, smoothing, weights)


def several_labels_loss(
    scores: Tensor, labels: Tensor, smoothing: float, weights: Tensor | None
) -> Tensor:
    """The binary cross-entropy of each label by itself, summed over classes; mean of a batch.

    The sum, not torch's mean, gives a class the gradient that cross-entropy gives it, whatever the
    number of classes, so that a recipe's learning rate suits both.

    Args:
        scores: Logits, float32, (n, classes).
        labels: uint8, (n, classes): 1 where an image has a label.
        smoothing: Label smoothing, 0 to 1: targets are smoothing / 2 and 1 - smoothing / 2.
        weights: (2, classes): weight of a label that an image lacks, and of one that it has; None:
            all count alike.
    """
    targets = labels.float()
    weight = None if weights is None else torch.lerp(weights[0], weights[1], targets)
    smoothed = targets * (1 - smoothing) + smoothing / 2
    losses = functional.binary_cross_entropy_with_logits(scores, smoothed, weight, reduction="sum")
    return losses / len(scores)


def weighted_loss(
    scores: Tensor, labels: Tensor, smoothing: float, weights: Tensor | None
) -> Tensor:
    """The mean cross-entropy of a batch, each image's times the weight of its class.

    torch's own weights are other ones: they also weigh the classes that smoothing spreads over, so
    that it favours rare ones, and divide by the sum of a batch's weights, so that an image counts
    less beside rare ones.

    Args:
        scores: float32, (n, classes).
        labels: int64, (n,).
        smoothing: Label smoothing, 0 to 1.
        weights: Weight of each class; None: all count alike.
    """
    if weights is None:
        return functional.cross_entropy(scores, labels, label_smoothing=smoothing)
    losses = functional.cross_entropy(scores, labels, label_smoothing=smoothing, reduction="none")
    return (losses * weights[labels]).mean()
