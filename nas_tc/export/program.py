"""The network as a program of `torch.export`, which runs without its source."""

import copy
import json
import warnings
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from nas_tc.module import layers

_METADATA = "nas_tc.json"  # of the files that torch keeps beside a program
_CURED = (layers.PointConv2d, layers.DilatedConv2d, layers.ColumnConv2d)


class _Named(nn.Module):
    """The network under the names of its input and output."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        """Scores (n, classes) of images (n, channels, height, width)."""
        scores: Tensor = self.network(images)
        return scores


def write_program(
    network: nn.Module, shape: tuple[int, int, int], path: Path, metadata: Mapping[str, str]
) -> None:
    """Writes a program of `torch.export` for inference; the batch is free.

    The convolutions that avoid faults of oneDNN become torch's own: the faults are in training
    and in bfloat16.

    Args:
        network: Trained network.
        shape: Channels, height and width of an image.
        path: File to write, with the ending .pt2.
        metadata: Texts that the file carries, by their names.
    """
    plain = copy.deepcopy(network).eval()
    for module in plain.modules():
        if isinstance(module, _CURED):
            module.__class__ = nn.Conv2d  # type: ignore[assignment]
    images = torch.zeros(2, *shape).to(memory_format=torch.channels_last)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # of torch's own code: nothing that a user can change
        program = torch.export.export(
            _Named(plain), (images,), dynamic_shapes={"images": {0: torch.export.Dim("batch")}}
        )
        torch.export.save(program, path, extra_files={_METADATA: json.dumps(dict(metadata))})


def read_program(path: Path) -> nn.Module:
    """The module of a program that `write_program` has written.

    Args:
        path: File with the ending .pt2.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.export.load(path)
    return program.module()
