"""Torch's own layers as operations."""

from collections.abc import Callable, Mapping
from typing import Any

from torch import nn

from nas_tc.architecture import Activation
from nas_tc.reading.node import TracedNode
from nas_tc.reading.operations import (
    Activate,
    FullyConnected,
    Operation,
    Unchanged,
)

_ACTIVATIONS: Mapping[type[nn.Module], Activation] = {
    nn.ReLU: "relu",
    nn.ReLU6: "relu6",
    nn.SiLU: "silu",
    nn.Tanh: "tanh",
    nn.Sigmoid: "sigmoid",
}


def _conv_layer(node: TracedNode, module: nn.Conv2d) -> Operation:
    return node.conv(
        module.weight,
        module.bias,
        module.stride,
        module.padding,
        module.dilation,
        module.groups,
        module.padding_mode,
    )


def _norm_layer(node: TracedNode, module: nn.modules.batchnorm._BatchNorm) -> Operation:
    return node.norm(
        module.weight, module.bias, module.running_mean, module.running_var, module.eps
    )


def _activation_layer(node: TracedNode, module: nn.Module) -> Operation:
    name = next(name for kind, name in _ACTIVATIONS.items() if isinstance(module, kind))
    return Activate(**node.base, name=name)


NORMS = (nn.BatchNorm2d, nn.BatchNorm1d, nn.SyncBatchNorm)

_LAYERS: tuple[tuple[tuple[type[nn.Module], ...], Callable[[TracedNode, Any], Operation]], ...] = (
    (tuple(_ACTIVATIONS), _activation_layer),  # before Hardtanh, which ReLU6 is one of
    ((nn.Hardtanh,), lambda node, module: node.clipped(module.min_val, module.max_val)),
    ((nn.Conv2d,), _conv_layer),
    (NORMS, _norm_layer),
    ((nn.MaxPool2d,), lambda node, module: node.pool(vars(module), average=False)),
    ((nn.AvgPool2d,), lambda node, module: node.pool(vars(module), average=True)),
    (
        (nn.AdaptiveAvgPool2d,),
        lambda node, module: node.adaptive(module.output_size, average=True),
    ),
    (
        (nn.AdaptiveMaxPool2d,),
        lambda node, module: node.adaptive(module.output_size, average=False),
    ),
    ((nn.Flatten, nn.Unflatten), lambda node, _: node.reshaped()),
    (
        (nn.Linear,),
        lambda node, module: FullyConnected(**node.base, weight=module.weight, bias=module.bias),
    ),
    (
        (nn.Dropout, nn.Dropout1d, nn.Dropout2d),
        lambda node, module: node.dropped(module.p, is_training=module.training),
    ),
    (
        (nn.LocalResponseNorm,),
        lambda node, module: node.response_norm(module.size, module.alpha, module.beta, module.k),
    ),
    ((nn.Identity,), lambda node, _: Unchanged(**node.base)),
    ((nn.Softmax,), lambda node, module: node.softmax(module.dim, is_log=False)),
    ((nn.LogSoftmax,), lambda node, module: node.softmax(module.dim, is_log=True)),
    ((nn.ZeroPad2d,), lambda node, module: node.padded(module.padding)),
)

LAYERS = tuple(kind for kinds, _ in _LAYERS for kind in kinds)
"""The layers that are known."""


def layer_operation(node: TracedNode, module: nn.Module) -> Operation:
    """The operation of a layer that is called.

    Args:
        node: Node of the call.
        module: Layer that is called, one of `LAYERS`.

    Raises:
        ArchitectureError: No architecture has such a layer.
    """
    read = next(read for kinds, read in _LAYERS if isinstance(module, kinds))
    return read(node, module)
