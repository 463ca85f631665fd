"""One node of a trace, and the operation that its arguments make of it."""

from collections.abc import Mapping
from math import isclose, prod
from typing import Any

import torch
from torch import Tensor, fx

from nas_tc.architecture import Pool
from nas_tc.errors import ArchitectureError
from nas_tc.reading.operations import (
    Activate,
    AdaptivePooling,
    Convolution,
    DropOut,
    Factor,
    Flattening,
    HalfPooling,
    Normalisation,
    Operation,
    Padding,
    Pooling,
    ResponseNormalisation,
    Softmax,
    Unchanged,
    refusal,
)
from nas_tc.reading.trace import BATCH, Traced

KNOWN = (
    "known are Conv2d, BatchNorm2d, ReLU, ReLU6, SiLU, Tanh, Sigmoid, max and average pooling, "
    "Flatten, Linear, Dropout, LocalResponseNorm, sums, and factors for channels"
)
_ALIASES = {"axis": "dim"}  # as numpy calls it
SQUARE = "filters, windows, strides and padding are the same in height and width"


class TracedNode:
    """One node, and what its arguments are."""

    def __init__(self, traced: Traced, node: fx.Node, numbers: Mapping[fx.Node, int]) -> None:
        self.traced, self.node, self.numbers = traced, node, numbers
        self.where = traced.where(node)
        self.name = call_name(node)

    def refuse(self, met: str, allowed: str) -> ArchitectureError:
        """The error for this node."""
        return refusal(self.where, met, allowed)

    @property
    def base(self) -> dict[str, Any]:
        """Fields that all operations have."""
        sources = tuple(
            self.numbers[each] for each in self.node.all_input_nodes if each in self.numbers
        )
        if not sources:
            raise self.refuse("it does not work on the images", KNOWN)
        value = self.traced.values[self.node]
        if not isinstance(value, Tensor) or value.shape[:1] != (BATCH,):
            raise self.refuse(
                "its output is not one map or vector an image", "keep the batch as it is"
            )
        return {"where": self.where, "sources": sources, "shape": tuple(value.shape[1:])}

    def args(self, *names: str, **defaults: Any) -> list[Any]:
        """Arguments of a call behind the first, by name or by place, or their defaults."""
        found = []
        given_names = {_ALIASES.get(name, name): each for name, each in self.node.kwargs.items()}
        for place, name in enumerate((*names, *defaults), start=1):
            if name in given_names:
                given = given_names[name]
            elif place < len(self.node.args):
                given = self.node.args[place]
            else:
                given = defaults.get(name)
            found.append(self.traced.values[given] if isinstance(given, fx.Node) else given)
        return found

    def keyword(self, name: str, default: Any) -> Any:
        """An argument that is given by its name, or its default."""
        return self.node.kwargs.get(name, default)

    def one(self, what: str, value: Any) -> int:
        """A number that is the same in height and width."""
        values = set(value) if isinstance(value, tuple | list) else {value}
        if len(values) != 1 or not isinstance(number := values.pop(), int):
            raise self.refuse(f"{what} is {value}", SQUARE)
        return number

    def conv(
        self,
        weight: Tensor,
        bias: Tensor | None,
        stride: Any,
        padding: Any,
        dilation: Any,
        groups: int,
        mode: str = "zeros",
    ) -> Operation:
        """A convolution; the arguments are those of `nn.Conv2d`."""
        size = self.one("its filter", tuple(weight.shape[2:]))
        spread = self.one("its dilation", dilation)
        if isinstance(padding, str):
            span = spread * (size - 1)
            if padding == "same" and span % 2:
                raise self.refuse("'same' pads an even filter more on one side", SQUARE)
            padding = span // 2 if padding == "same" else 0
        pixels = self.one("its padding", padding)
        if mode != "zeros" and pixels:
            raise self.refuse(f"padding_mode is {mode!r}", "convolutions pad with zeros")
        return Convolution(
            **self.base,
            weight=weight,
            bias=bias,
            stride=self.one("its stride", stride),
            padding=pixels,
            dilation=spread if size > 1 else 1,
            groups=groups,
        )

    def norm(
        self,
        weight: Tensor | None,
        bias: Tensor | None,
        mean: Tensor | None,
        variance: Tensor | None,
        eps: float,
        *,
        is_training: bool = False,
    ) -> Operation:
        """A batch normalisation; the arguments are what `nn.BatchNorm2d` has."""
        if mean is None or variance is None or is_training:
            raise self.refuse(
                "it normalises by the batch when the network is used, too",
                "keep running statistics: track_running_stats=True, training=self.training",
            )
        return Normalisation(
            **self.base,
            weight=torch.ones_like(mean) if weight is None else weight,
            bias=torch.zeros_like(mean) if bias is None else bias,
            mean=mean,
            variance=variance,
            eps=eps,
        )

    def response_norm(self, size: int, alpha: float, beta: float, k: float) -> Operation:
        """A local response normalisation; the arguments are those of `nn.LocalResponseNorm`."""
        if size != 5 or not all(map(isclose, (alpha, beta, k), (5e-4, 0.75, 2.0))):
            raise self.refuse(
                f"it has size={size}, alpha={alpha:g}, beta={beta:g}, k={k:g}",
                "a network's has size=5, alpha=5e-4, beta=0.75, k=2, as in AlexNet",
            )
        return ResponseNormalisation(**self.base)

    def scaled(self, *, inverse: bool) -> Operation | None:
        """A vector times a number, or divided by it; None where it is something else."""
        named = self.node.kwargs
        operands = [*self.node.args, *(named[each] for each in ("input", "other") if each in named)]
        if len(operands) != 2 or self.keyword("rounding_mode", None) is not None:
            return None
        base, (first, second) = self.base, operands
        number = second if inverse or isinstance(first, fx.Node) else first
        is_vector = len(_bare(base["shape"])) <= 1 and len(base["sources"]) == 1
        if not is_vector or not isinstance(number, int | float) or not number:
            return None
        return Factor(**base, factor=1 / number if inverse else float(number))

    def dropped(self, share: Any, *, is_training: Any) -> Operation:
        """Drop-out, which does nothing when the network is used."""
        if is_training:
            raise self.refuse(
                "it drops values when the network is used, too",
                "give training=self.training, or make the layer in __init__",
            )
        return DropOut(**self.base, share=float(share))

    def clipped(self, low: Any, high: Any) -> Operation:
        """A ReLU, which what clips at 0 is, or a ReLU6, which clips at 6, too."""
        if low != 0 or high not in (None, 6):
            raise self.refuse(f"it clips to {low} to {high}", KNOWN)
        return Activate(**self.base, name="relu" if high is None else "relu6")

    def global_pool(self, dims: Any, *, average: bool) -> Operation:
        """A reduction over both sides of the maps, or over what another one has left of them."""
        before = self.traced.values[self.node.all_input_nodes[0]].shape
        axes = dims if isinstance(dims, tuple | list) else (dims,)
        if all(isinstance(axis, int) for axis in axes):
            reduced = sorted(axis % len(before) for axis in axes)
            sides = [axis for axis in range(2, len(before)) if before[axis] > 1]
            if reduced and min(reduced) > 1:
                if set(sides) <= set(reduced):
                    return AdaptivePooling(**self.base, bins=1, average=average)
                if average:
                    return HalfPooling(**self.base, is_mean=True)
        raise self.refuse("it reduces other axes than both sides of the maps", "write mean((2, 3))")

    def pool(self, values: Mapping[str, Any], *, average: bool) -> Operation:
        """A pooling with windows; `values` are the arguments of `nn.MaxPool2d` or `AvgPool2d`."""
        window, map = values["kernel_size"], self._source_shape()[1:]
        if isinstance(window, tuple | list) and len(set(window)) > 1 and tuple(window) == map:
            return AdaptivePooling(**self.base, bins=1, average=average)
        size = self.one("its window", window)
        stride = values["stride"]
        has_stride = stride not in (None, (), [])
        padding = self.one("its padding", values["padding"])
        if self.one("its dilation", values.get("dilation", 1)) != 1:
            raise self.refuse("its window is dilated", "poolings have no dilation")
        if values.get("return_indices"):
            raise self.refuse("it returns indices", "a pooling returns its maps alone")
        if values.get("divisor_override"):
            raise self.refuse("it has a divisor of its own", "an average divides by its window")
        if average and padding and not values.get("count_include_pad", True):
            raise self.refuse(
                "it leaves padding out of its averages", "an average counts it: count_include_pad"
            )
        pool = Pool(
            size,
            self.one("its stride", stride) if has_stride else size,
            padding,
            bool(values["ceil_mode"]),
            average,
        )
        return Pooling(**self.base, pool=pool)

    def adaptive(self, bins: Any, *, average: bool) -> Operation:
        """A pooling to a number of bins."""
        return AdaptivePooling(
            **self.base, bins=self.one("its number of bins", bins), average=average
        )

    def softmax(self, dim: Any, *, is_log: bool) -> Operation:
        """A softmax over the scores."""
        base = self.base
        shape = base["shape"]
        if len(_bare(shape)) > 1 or dim not in (1, -len(shape), None):
            raise self.refuse("a softmax over something else than the scores", KNOWN)
        return Softmax(**base, is_log=is_log)

    def padded(self, pixels: Any) -> Operation:
        """Zeros around the maps, as many on each side."""
        if isinstance(pixels, tuple | list) and len(set(pixels)) > 1:
            raise self.refuse(f"it pads by {tuple(pixels)}", "padding is the same on all sides")
        return Padding(**self.base, pixels=self.one("its padding", pixels))

    def part(self) -> Operation:
        """An index: `x[:, :, 0, 0]` of maps of one pixel."""
        index: Any = self.node.args[1]
        places = index if isinstance(index, tuple) else (index,)
        base, before = self.base, self._source_shape()
        keeps_order = all(
            each in (None, Ellipsis, 0, -1, slice(None)) for each in places if _is_plain(each)
        )
        if all(map(_is_plain, places)) and keeps_order and _bare(before) == _bare(base["shape"]):
            return Unchanged(**base)
        raise self.refuse(
            "it takes a part of the maps",
            "strides are of convolutions and poolings, a shortcut is the block's input or a 1x1 "
            "convolution",
        )

    def _source_shape(self) -> tuple[int, ...]:
        """Shape of what the call takes, without the batch."""
        return tuple(self.traced.values[self.node.all_input_nodes[0]].shape[1:])

    def reshaped(self) -> Operation:
        """Views keep the values in order, so shapes say what they do."""
        base = self.base
        before = self._source_shape()
        base["sources"] = base["sources"][:1]  # expand_as names another map for its shape
        after = base["shape"]
        if _bare(before) == _bare(after) or self.name.startswith("expand"):
            return Unchanged(**base)
        if len(before) == 3 and after == (prod(before),):
            return Flattening(**base)
        if len(before) == 3 and after == (before[0], before[1] * before[2]):
            return HalfPooling(**base, is_mean=False)
        raise self.refuse(
            f"it makes {_text(after)} of {_text(before)}", "maps may be flattened to one vector"
        )


def call_name(node: fx.Node) -> str:
    """Name of what a node calls, without the underscores of in-place and private functions."""
    return str(getattr(node.target, "__name__", node.target)).strip("_")


def _is_plain(index: Any) -> bool:
    """Whether an index is no list and no tensor, which may change an order."""
    return index is None or index is Ellipsis or isinstance(index, int | slice)


def _bare(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape without sides of one pixel at its end: a map of one pixel is a vector."""
    while shape and shape[-1] == 1:
        shape = shape[:-1]
    return shape


def _text(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "a number"
