"""The final test: top-1 and top-5 errors from one view of each image or from ten."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from nas_tc.training.batches import Images, plain_batches, ten_views
from nas_tc.training.device import autocast_dtype
from nas_tc.training.fused_forward import fused_forward

_BATCH = 500  # images a batch, from one view
_TOP = 5


@dataclass(frozen=True, slots=True)
class ViewErrors:
    """Errors on the test images, 0 to 1."""

    views: int  # number of views of each image
    top1: float
    top5: float  # 0 where there are five classes or fewer


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
    wrong = wrong_of_five = 0
    for seen, labels in batches:
        mean = torch.stack([probabilities(each) for each in seen]).mean(0)
        hits = mean.topk(min(_TOP, mean.shape[1])).indices == labels[:, None]
        wrong += int((~hits[:, 0]).sum())
        wrong_of_five += int((~hits.any(1)).sum())
    return ViewErrors(views, wrong / len(images), wrong_of_five / len(images))
