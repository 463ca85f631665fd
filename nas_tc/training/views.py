"""The final test: top-1 and top-5 errors from one view of each image or from ten."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from nas_tc.metric import AnyConfusion, Confusion
from nas_tc.training.batches import Images, plain_batches, ten_views
from nas_tc.training.device import autocast_dtype
from nas_tc.training.evaluate import Counted
from nas_tc.training.fused_forward import fused_forward

_BATCH = 500  # images a batch, from one view


@dataclass(frozen=True, slots=True)
class ViewErrors:
    """Predictions for the test images, and their errors, 0 to 1.

    Attributes:
        views: Number of views of each image.
        confusion: Confusion matrix of the predictions; one for each class where images have several
            labels.
    """

    views: int
    confusion: AnyConfusion

    @property
    def top1(self) -> float:
        """Share of the images that are misclassified, or of which any label is wrong."""
        return self.confusion.error

    @property
    def top5(self) -> float:
        """Share of the images whose class is not among the five best; 0 for five classes.

        It is 0 as well where images have several labels.
        """
        return self.confusion.top5_error if isinstance(self.confusion, Confusion) else 0.0


@torch.inference_mode()
def error_of_views(
    network: nn.Module, images: Images, *, views: int = 1, reach: int = 4
) -> ViewErrors:
    """Errors of the mean probabilities over all views of each image.

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

    several = images.labels.ndim == 2

    def probabilities(pixels: Tensor) -> Tensor:
        with torch.autocast(device.type, dtype=dtype, enabled=dtype != torch.float32):
            scores = forward(pixels)
        # In float64 the probabilities of labels keep the order of their scores.
        return scores.double().sigmoid() if several else scores.float().softmax(1)

    batches = (
        ten_views(images, _BATCH // 10, reach)
        if views == 10
        else (([pixels], labels) for pixels, labels in plain_batches(images, _BATCH))
    )
    counted = Counted(images)
    for seen, labels in batches:
        mean = torch.stack([probabilities(each) for each in seen]).mean(0)
        counted.add(mean.logit() if several else mean, labels)
    return ViewErrors(views, counted.confusion())
