"""How good are a network's predictions? Counted over all images, in the precision of training."""

from contextlib import nullcontext

import torch
from torch import Tensor, nn

from nas_tc.metric import AnyConfusion, Confusion, MultilabelConfusion
from nas_tc.training.batches import Images, plain_batches
from nas_tc.training.device import autocast_dtype
from nas_tc.training.fused_forward import fused_forward
from nas_tc.training.step import StepContext

_BATCH = 500  # images
_TOP = 5


def error_rate(
    network: nn.Module, images: Images, step_context: StepContext = nullcontext
) -> float:
    """Share of the images that the network misclassifies, 0 to 1, in the precision of training."""
    return confusion_of(network, images, step_context).error


@torch.inference_mode()
def confusion_of(
    network: nn.Module, images: Images, step_context: StepContext = nullcontext
) -> AnyConfusion:
    """The confusion matrix of the network's predictions, in the precision of training.

    Where images have several labels, there is one for each class.
    """
    device = images.labels.device
    dtype = autocast_dtype(device)
    network.eval()
    forward = fused_forward(network)
    counted = Counted(images)
    for pixels, labels in plain_batches(images, _BATCH):
        with (
            step_context(),
            torch.autocast(device.type, dtype=dtype, enabled=dtype != torch.float32),
        ):
            counted.add(forward(pixels), labels)
    return counted.confusion()


class Counted:
    """Predictions for images, counted batch by batch.

    Args:
        images: All images, with their labels.
    """

    def __init__(self, images: Images) -> None:
        self._images = images
        self._answers: list[Tensor] = []  # predicted classes or, of several labels, scores
        self._top5_wrong = torch.zeros((), dtype=torch.int64, device=images.labels.device)
        self._classes = 0

    def add(self, scores: Tensor, labels: Tensor) -> None:
        """Counts a batch.

        Args:
            scores: (n, classes). Of several labels, above 0 where one is predicted.
            labels: Labels of the batch.
        """
        self._classes = scores.shape[1]
        if labels.ndim == 2:
            self._answers.append(scores)
            return
        self._answers.append(scores.argmax(1))
        if self._classes > _TOP:
            best = scores.topk(_TOP).indices
            self._top5_wrong += (best != labels[:, None]).all(1).sum()

    def confusion(self) -> AnyConfusion:
        """The counts of all batches."""
        labels = self._images.labels.cpu().numpy()
        answers = torch.cat(self._answers).cpu()
        if labels.ndim == 2:
            return MultilabelConfusion.of(labels, answers.float().numpy())
        top5_wrong = int(self._top5_wrong) if self._classes > _TOP else None
        return Confusion.of(labels, answers.numpy(), self._classes, top5_wrong)
