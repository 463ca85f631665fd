"""Lazy layers, which get their sizes when a module first runs."""

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from nas_tc.architecture import Shape


def weights_type(module: nn.Module) -> torch.dtype:
    """Data type of a module's weights, which its images must have; single precision without any.

    Args:
        module: The module.
    """
    types = (each.dtype for each in module.parameters() if each.is_floating_point())
    return next(types, torch.float32)


def size_lazy_layers(module: nn.Module, input: Shape) -> None:
    """Runs a module once if it has lazy layers, so that these get their sizes.

    Args:
        module: The module; its modes, training or evaluation, stay as they are.
        input: Channels, height and width of an image.

    Raises:
        BaseException: Whatever the module raises.
    """
    if not any(map(is_lazy, (*module.parameters(), *module.buffers()))):
        return
    modes = {each: each.training for each in module.modules()}
    try:
        with torch.no_grad():
            module.eval()(torch.zeros((2, *input), dtype=weights_type(module)))
    finally:
        for each, is_training in modes.items():
            each.training = is_training
