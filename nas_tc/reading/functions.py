"""Torch's functions and the methods of tensors as operations, by their names."""

from collections.abc import Callable, Mapping
from typing import Any

from nas_tc.architecture import Activation
from nas_tc.reading.node import KNOWN, TracedNode
from nas_tc.reading.operations import (
    Activate,
    AdaptivePooling,
    Concatenation,
    DropOut,
    FullyConnected,
    Operation,
    Product,
    Sum,
    Unchanged,
)

_ACTIVATIONS: tuple[Activation, ...] = ("relu", "relu6", "silu", "tanh", "sigmoid")
_RESHAPING = (
    *("view", "reshape", "flatten", "squeeze", "unsqueeze", "expand", "expand_as"),
    *("contiguous", "clone", "detach", "float", "double", "to"),
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


def _mean(node: TracedNode) -> Operation:
    (dims,) = node.args("dim")
    axes = dims if isinstance(dims, tuple | list) else (dims,)
    if axes[0] is None or sorted(axis % 4 for axis in axes) != [2, 3]:
        raise node.refuse("it averages over other axes than the map's", "write mean((2, 3))")
    return AdaptivePooling(**node.base, bins=1, average=True)


def _drop_out(node: TracedNode) -> Operation:
    share, is_training = node.args(p=0.5, training=True)
    if is_training:
        raise node.refuse(
            "it drops values when the network is used, too", "give training=self.training"
        )
    return DropOut(**node.base, share=float(share))


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


def _pair(kind: type[Sum] | type[Product]) -> Callable[[TracedNode], Operation]:
    def made(node: TracedNode) -> Operation:
        base = node.base
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
    **{name: _pair(Product) for name in ("mul", "imul", "multiply")},
    "hardtanh": lambda node: node.clipped(*node.args(min_val=-1.0, max_val=1.0)),
    "max_pool2d": _max_pool,
    "avg_pool2d": _average_pool,
    "adaptive_avg_pool2d": lambda node: node.adaptive(*node.args("output_size"), average=True),
    "adaptive_max_pool2d": lambda node: node.adaptive(*node.args("output_size"), average=False),
    "mean": _mean,
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
