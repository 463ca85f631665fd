"""Layers that torch lacks, or that give wrong results in some cases.

An exported network contains their source and needs torch alone, so they use nothing else.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional


class Normalize(nn.Module):
    """Subtracts the mean of the training images and divides by their standard deviation.

    Both are per channel and saved with the weights, so that a network takes plain images, (n,
    channels, height, width) in 0 to 1, everywhere.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(channels, 1, 1))
        self.register_buffer("std", torch.ones(channels, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        """Images with zero mean and unit spread."""
        return (images - self.mean) / self.std


class PointConv2d(nn.Conv2d):
    """A 1x1 convolution without padding that drops the pixels its stride skips, then convolves.

    The result is that of torch's own, which other devices run. But oneDNN, which torch uses on x86
    processors, writes beyond its memory in the backward pass of a strided 1x1 convolution with
    fewer than 16 input channels (github.com/uxlfoundation/oneDNN/issues/6035, in torch 2.13): the
    process crashes, hangs or learns from wrong gradients.
    """

    def forward(self, maps: Tensor) -> Tensor:
        """Maps (n, channels, height, width); the stride divides height and width, rounded up."""
        if maps.device.type != "cpu":
            return super().forward(maps)
        down, across = self.stride
        return functional.conv2d(maps[:, :, ::down, ::across], self.weight, self.bias)


class DilatedConv2d(nn.Conv2d):
    """A convolution that stays in the type of its weights under a bfloat16 autocast on processors.

    In bfloat16, oneDNN computes wrong or non-finite gradients of dilated filters: of depthwise
    ones, and of those with more than 16 input channels that are no multiple of 16 (seen in torch
    2.13 on a processor with avx512_bf16, on maps of 30 pixels and more).
    """

    def forward(self, maps: Tensor) -> Tensor:
        """Maps (n, channels, height, width)."""
        if maps.device.type != "cpu":
            return super().forward(maps)
        with torch.autocast("cpu", enabled=False):
            return super().forward(maps.to(self.weight.dtype))


class ColumnConv2d(nn.Conv2d):
    """A convolution to a map of one column, with a cure for bfloat16 on processors.

    On processors with AMX, oneDNN reads memory that was never written: for the gradients of the
    filter's columns that see only padding, and, where the output is taller than wide, for the
    output itself (in torch 2.13; github.com/pytorch/pytorch/issues/169688). A single window needs
    no stride, and the filter's columns that see only padding change nothing, so both are left out.
    """

    def forward(self, maps: Tensor) -> Tensor:
        """Maps (n, channels, height, width); wider maps than intended are convolved as by torch."""
        assert not isinstance(self.padding, str)  # "same" has no strides
        size, (down, across), (above, aside) = self.kernel_size[1], self.stride, self.padding
        # Whether the filter has exactly one position across, and reads pixels there.
        is_column = aside < size <= maps.shape[3] + 2 * aside < size + across
        is_bfloat16 = maps.dtype == torch.bfloat16 or torch.is_autocast_enabled("cpu")
        if not (is_column and is_bfloat16 and maps.device.type == "cpu"):
            return super().forward(maps)
        covered = maps[..., : size - aside]
        weight = self.weight[..., aside : aside + maps.shape[3]]
        padding = (above, 0)
        return functional.conv2d(covered, weight, self.bias, (down, 1), padding, groups=self.groups)


class PyramidPool(nn.Module):
    """Pools a map to side x side bins for each level and concatenates the levels, flattened.

    He et al., "Spatial pyramid pooling in deep convolutional networks" (2014), with adaptive
    windows, which exist for every size of map.
    """

    def __init__(self, *bins: int, average: bool = False) -> None:
        super().__init__()
        self.bins = bins
        self.average = average

    def forward(self, maps: Tensor) -> Tensor:
        """Maps (n, channels, height, width) as vectors (n, channels * bins)."""
        pool = functional.adaptive_avg_pool2d if self.average else functional.adaptive_max_pool2d
        return torch.cat([pool(maps, side).flatten(1) for side in self.bins], dim=1)

    def extra_repr(self) -> str:
        """The arguments that `print` shows in brackets."""
        return f"{self.bins}, average={self.average}"


class Residual(nn.Module):
    """The sum of a body and a shortcut around it, and an activation."""

    def __init__(self, body: nn.Module, shortcut: nn.Module, activation: nn.Module) -> None:
        super().__init__()
        self.body = body
        self.shortcut = shortcut
        self.activation = activation

    def forward(self, maps: Tensor) -> Tensor:
        """Maps (n, channels, height, width), of the body's output shape."""
        found: Tensor = self.activation(self.body(maps) + self.shortcut(maps))
        return found


class Branches(nn.ModuleList):
    """Branches side by side, concatenated along the channels."""

    def forward(self, maps: Tensor) -> Tensor:
        """Maps (n, channels, height, width); all branches keep height and width alike."""
        return torch.cat([branch(maps) for branch in self], dim=1)


class Excite(nn.Sequential):
    """Scales each channel by a factor that the layers inside compute from the maps."""

    def forward(self, maps: Tensor) -> Tensor:
        """Maps (n, channels, height, width), of the same shape."""
        factors = maps
        for layer in self:
            factors = layer(factors)
        return maps * factors
