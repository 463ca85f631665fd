"""Colour altering: noise along the principal components of the images' colours.

Krizhevsky et al., "ImageNet classification with deep convolutional neural networks" (2012),
section 4.1, which He & Sun (2015) use in section 5.
"""

import torch
from torch import Tensor

_SPREAD = 0.1  # standard deviation of the noise along each component, in units of the component's
_ENOUGH = 100_000  # most images to use; of more, every second, third and so on
_BLOCK_BYTES = 2**22  # pixels processed together; the sums need eight times as much memory


def principal_colours(pixels: Tensor) -> Tensor:
    """The principal components of the colours, each as long as its standard deviation.

    Krizhevsky et al. write "magnitudes proportional to the corresponding eigenvalues times a
    random variable". An eigenvalue is a squared brightness, so that depends on the scale of the
    pixels and on 0 to 255 would drown the image; its square root does not, so we take that.

    Args:
        pixels: uint8, (n, height, width, channels).

    Returns:
        Float, (channels, channels): one component a column, for pixels on a scale of 0 to 1.
    """
    channels = pixels.shape[-1]
    total = torch.zeros(channels, dtype=torch.float64)
    products = torch.zeros(channels, channels, dtype=torch.float64)
    seen = pixels[:: max(1, len(pixels) // _ENOUGH)]
    for some in seen.split(max(1, _BLOCK_BYTES // seen[0].numel())):
        colours = some.reshape(-1, channels).double().cpu() / 255
        total += colours.sum(0)
        products += colours.T @ colours
    count = seen.numel() / channels
    mean = total / count
    values, vectors = torch.linalg.eigh(products / count - mean[:, None] * mean)
    components: Tensor = (vectors * values.clamp(min=0).sqrt()).float()
    return components


def drawn_noise(count: int, components: Tensor, generator: torch.Generator) -> Tensor:
    """Random shift of each image along each component: float, (count, channels)."""
    return torch.randn(count, len(components), generator=generator) * _SPREAD


def add_colours(images: Tensor, colours: Tensor) -> None:
    """Adds one colour to all pixels of each image.

    Args:
        images: float, (n, channels, height, width), 0 to 1; changed in place.
        colours: float, (n, channels): noise times components, on the images' device.
    """
    images.add_(colours[:, :, None, None])
