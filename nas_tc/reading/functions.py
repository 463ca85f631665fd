"""Torch's functions and the methods of tensors as operations, by their names."""

from collections.abc import Callable, Mapping
from typing import Any

import torch

from nas_tc.architecture import Activation
from nas_tc.reading.node import KNOWN, TracedNode
from nas_tc.reading.operations import (
    Activate,
    Concatenation,
    FullyConnected,
    Operation,
    Product,
    Sum,
    Unchanged,
)

_ACTIVATIONS: tuple[Activation, ...] = ("relu", "relu6", "silu", "tanh", "sigmoid")
_RESHAPING = (
    *("view", "reshape", "flatten", "squeeze", "unsqueeze", "expand", "expand_as"),
    *("contiguous", "clone", "detach", "float", "double", "to", "type", "type_as"),
)


def _activation(name: Activation) -> Callable[[TracedNode], Operation]:
    return lambda node: Activate(**node.base, name=name)


def _conv(node: TracedNode) -> Operation:
    return node.conv(*node.args("weight", bias=None, stride=1, padding=0, dilation=1, groups=1))


def _linear(node: TracedNode) -> Operation:
    weight, bias = node.args("weight", bias=None)
    return FullyConnected(**node.base, weight=weight, bias=bias)


def _max_pool(node: TracedNode) -> Operation:
    names = ("kernel_size", "stride", "padding", "dilation", "ceil_mode")
    given = node.args("kernel_size", stride=None, padding=0, dilation=1, ceil_mode=False)
    return node.pool(dict(zip(names, given, strict=True)), average=False)


def _average_pool(node: TracedNode) -> Operation:
    names = ("kernel_size", "stride", "padding", "ceil_mode", "count_include_pad")
    given = node.args(
        "kernel_size", stride=None, padding=0, ceil_mode=False, count_include_pad=True
    )
    return node.pool(dict(zip(names, given, strict=True)), average=True)


def _batch_norm(node: TracedNode) -> Operation:
    moments, factors = ("running_mean", "running_var"), ("weight", "bias")
    names = (*factors, *moments) if node.node.target is torch.batch_norm else (*moments, *factors)
    *given, is_training, _, eps = node.args(*names, training=False, momentum=0.1, eps=1e-5)
    weight, bias, mean, variance = (given[names.index(each)] for each in (*factors, *moments))
    return node.norm(weight, bias, mean, variance, eps, is_training=bool(is_training))


def _response_norm(node: TracedNode) -> Operation:
    return node.response_norm(*node.args("size", alpha=1e-4, beta=0.75, k=1.0))


def _clamp(node: TracedNode) -> Operation:
    low, high = node.args(min=None, max=None)
    return node.clipped(low, high)


def _threshold(node: TracedNode) -> Operation:
    low, value = node.args("threshold", "value")
    return node.clipped(low if low == value else f"{value} below {low}", None)


def _mean(node: TracedNode) -> Operation:
    return node.global_pool(*node.args("dim"), average=True)


def _largest(node: TracedNode) -> Operation:
    return node.global_pool(*node.args("dim"), average=False)


def _stochastic_depth(node: TracedNode) -> Operation:
    share, _, is_training = node.args("p", "mode", training=True)
    return node.dropped(share, is_training=is_training)


def _drop_out(node: TracedNode) -> Operation:
    share, is_training = node.args(p=0.5, training=True)
    return node.dropped(share, is_training=is_training)


def _pad(node: TracedNode) -> Operation:
    pixels, mode, value = node.args("pad", mode="constant", value=None)
    if mode != "constant" or value not in (None, 0):
        raise node.refuse("it pads with something else than zeros", "pad with zeros")
    if len(pixels) > 4:
        raise node.refuse(
            "it adds channels of zeros", "a shortcut is the block's input or a 1x1 convolution"
        )
    return node.padded(pixels)


def _cat(node: TracedNode) -> Operation:
    base: dict[str, Any] = node.base
    if node.args(dim=0)[0] != 1 and len(base["shape"]) != 1:
        raise node.refuse("it joins maps in height or width", KNOWN)
    return Unchanged(**base) if len(base["sources"]) == 1 else Concatenation(**base)


def _product(node: TracedNode) -> Operation:
    return node.scaled(inverse=False) or _pair(Product)(node)


def _quotient(node: TracedNode) -> Operation:
    made = node.scaled(inverse=True)
    if made is None:
        raise node.refuse(f"{node.name} on maps is no layer of a network", KNOWN)
    return made


def _pair(kind: type[Sum] | type[Product]) -> Callable[[TracedNode], Operation]:
    def made(node: TracedNode) -> Operation:
        base = node.base
        if kind is Sum and any(type(each) is int and each == 0 for each in node.node.args):
            return Unchanged(**base)  # sum() begins with 0
        if len(base["sources"]) != 2 or node.keyword("alpha", 1) != 1:
            raise node.refuse(
                "arithmetic with a constant, a weight of its own or twice the same map",
                "maps are added to maps, and multiplied by factors for channels",
            )
        return kind(**base)

    return made


FUNCTIONS: Mapping[str, Callable[[TracedNode], Operation]] = {
    **{name: _activation(name) for name in _ACTIVATIONS},
    **dict.fromkeys(_RESHAPING, TracedNode.reshaped),
    **{name: _pair(Sum) for name in ("add", "iadd")},
    **dict.fromkeys(("mul", "imul", "multiply"), _product),
    **dict.fromkeys(("div", "truediv", "divide"), _quotient),
    "hardtanh": lambda node: node.clipped(*node.args(min_val=-1.0, max_val=1.0)),
    "max_pool2d": _max_pool,
    "avg_pool2d": _average_pool,
    "adaptive_avg_pool2d": lambda node: node.adaptive(*node.args("output_size"), average=True),
    "adaptive_max_pool2d": lambda node: node.adaptive(*node.args("output_size"), average=False),
    **dict.fromkeys(("clamp", "clip", "clamp_min"), _clamp),
    "threshold": _threshold,
    "batch_norm": _batch_norm,
    "local_response_norm": _response_norm,
    "mean": _mean,
    "amax": _largest,
    "stochastic_depth": _stochastic_depth,  # torchvision's, which torch.fx does not enter
    "dropout": _drop_out,
    "dropout2d": _drop_out,
    "feature_dropout": _drop_out,
    "softmax": lambda node: node.softmax(*node.args("dim"), is_log=False),
    "log_softmax": lambda node: node.softmax(*node.args("dim"), is_log=True),
    "pad": _pad,
    "cat": _cat,
    "conv2d": _conv,
    "linear": _linear,
}
"""What makes an operation of a call, by its name; in-place functions compute the same."""
