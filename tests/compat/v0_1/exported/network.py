"""(3,4) | 2/2 | (3,8)/2+(3,8)

A convolutional network found by nas-tc, in He & Sun's notation: (filter size, filters).
"""

import torch
from torch import Tensor, nn

CLASSES = (
    "0",
    "1",
    "2",
    "3",
    "4",
    "5",
    "6",
    "7",
    "8",
    "9",
)


class Normalize(nn.Module):
    """Subtracts the mean of the training images and divides by their spread, per channel.

    It travels with the weights, so that a network takes plain images, (n, channels, height,
    width) in 0 to 1, wherever it goes.
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


class Network(nn.Module):
    """Takes images (n, 1, 8, 8), float in 0 to 1; gives scores (n, 10)."""

    def __init__(self) -> None:
        super().__init__()
        self.normalize = Normalize(1)
        self.layers = nn.Sequential(
            # conv1.1: 4x8x8
            nn.Conv2d(1, 4, 3, padding=1, bias=False),
            nn.BatchNorm2d(4),
            nn.ReLU(inplace=True),
            # pool1: 4x4x4
            nn.MaxPool2d(2, stride=2),
            # conv2.1: 8x2x2
            nn.Conv2d(4, 8, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(8),
            nn.ReLU(inplace=True),
            # conv2.2: 8x2x2
            nn.Conv2d(8, 8, 3, padding=1, bias=False),
            nn.BatchNorm2d(8),
            nn.ReLU(inplace=True),
            # pool: 8x1x1
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            # fc1: 10x1x1
            nn.Linear(8, 10),
        )
        # the layout in memory that it was trained in: other layouts round otherwise
        self.to(memory_format=torch.channels_last)

    def forward(self, images: Tensor) -> Tensor:
        return self.layers(self.normalize(images))
