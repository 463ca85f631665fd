"""The final test: top-1 and top-5 errors from one view of each image or from ten."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from nas_tc.metric import Confusion
from nas_tc.training.batches import Images, plain_batches, ten_views
from nas_tc.training.device import autocast_dtype
from nas_tc.training.fused_forward import fused_forward

_BATCH = 500  # images a batch, from one view
_TOP = 5


@dataclass(frozen=True, slots=True)
class ViewErrors:
    """Predictions for the test images, and their errors, 0 to 1.

    Attributes:
        views: Number of views of each image.
        confusion: Confusion matrix of the predictions.
    """

    views: int
    confusion: Confusion

    @property
    def top1(self) -> float:
        """Share of the images that are misclassified."""
        return self.confusion.error

    @property
    def top5(self) -> float:
        """Share of the images whose class is not among the five best; 0 for five classes."""
        return self.confusion.top5_error


@torch.inference_mode()
def error_of_views(
    network: nn.Module, images: Images, *, views: int = 1, reach: int = 4
) -> ViewErrors:
    """Errors of the mean class probabilities over all views of each image.

    Args:
        network: Network on the images' device.
        images: Images to test on.
        views: Number of views: 1, the centre, or 10, as in `ten_views`.
        reach: Shift of the corner views, pixels, for images without a margin (images that are as
            large as the network's input).
    """
    device = images.labels.device
    dtype = autocast_dtype(device)
    network.eval()
    forward = fused_forward(network)

    def probabilities(pixels: Tensor) -> Tensor:
        with torch.autocast(device.type, dtype=dtype, enabled=dtype != torch.float32):
            scores = forward(pixels)
        return scores.float().softmax(1)

    batches = (
        ten_views(images, _BATCH // 10, reach)
        if views == 10
        else (([pixels], labels) for pixels, labels in plain_batches(images, _BATCH))
    )
    predicted, top5_wrong, classes = [], 0, 0
    for seen, labels in batches:
        mean = torch.stack([probabilities(each) for each in seen]).mean(0)
        classes = mean.shape[1]
        best = mean.topk(min(_TOP, classes)).indices
        predicted.append(best[:, 0])
        top5_wrong += int((best != labels[:, None]).all(1).sum())
    confusion = Confusion.of(
        images.labels.cpu().numpy(),
        torch.cat(predicted).cpu().numpy(),
        classes,
        top5_wrong if classes > _TOP else None,
    )
    return ViewErrors(views, confusion)
