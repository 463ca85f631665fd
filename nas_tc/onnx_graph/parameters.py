"""Weights of a network for inference: the normalisation behind a convolution is part of them."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

Parameters = tuple[NDArray[np.float32], NDArray[np.float32]]  # weight and bias


def folded_parameters(network: nn.Module) -> Iterator[Parameters]:
    """Weight and bias of each convolution and fully connected layer, in the order of the walk.

    A batch normalisation y = gamma (x - mean) / sqrt(var + eps) + beta behind a convolution is a
    scale and a shift of its filters, which are computed in float64.

    Args:
        network: Module from `nas_tc.module.build`.

    Yields:
        Weight, as torch has it, and bias, (outputs,).
    """
    modules = [
        module
        for module in network.modules()
        if isinstance(module, nn.Conv2d | nn.Linear | nn.BatchNorm2d)
    ]
    for module, following in zip(modules, [*modules[1:], None], strict=True):
        if isinstance(module, nn.BatchNorm2d):
            continue
        weight = _float64(module.weight)
        bias = np.zeros(len(weight)) if module.bias is None else _float64(module.bias)
        if isinstance(following, nn.BatchNorm2d):
            assert following.running_mean is not None
            assert following.running_var is not None
            spread = np.sqrt(_float64(following.running_var) + following.eps)
            scale = _float64(following.weight) / spread
            weight = weight * scale.reshape(-1, *[1] * (weight.ndim - 1))
            bias = (bias - _float64(following.running_mean)) * scale + _float64(following.bias)
        yield weight.astype(np.float32), bias.astype(np.float32)


def _float64(values: Tensor) -> NDArray[np.float64]:
    found: NDArray[np.float64] = values.detach().cpu().double().numpy()
    return found
