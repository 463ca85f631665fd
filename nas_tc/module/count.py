"""Counts the multiply-adds of any torch module with fvcore, by running it once."""

import logging
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from fvcore.nn import FlopCountAnalysis
from fvcore.nn.jit_handles import conv_flop_count, get_shape
from torch import Tensor, nn

from nas_tc.architecture import Shape
from nas_tc.errors import ArchitectureError, reason
from nas_tc.module.lazy import size_lazy_layers, weights_type

_PRODUCTS = frozenset(("conv", "linear", "matmul", "mm", "addmm", "bmm", "baddbmm", "einsum"))
_UNKNOWN_PRODUCTS = frozenset(  # fvcore has no rule for them: a total without them is wrong
    {
        *("aten::addbmm", "aten::addmv", "aten::mv", "aten::dot", "aten::vdot", "aten::outer"),
        *("aten::bilinear", "aten::chain_matmul", "aten::linalg_multi_dot"),
        *("aten::inner", "aten::tensordot"),
        *("aten::gru", "aten::gru_cell", "aten::lstm", "aten::lstm_cell"),
        *("aten::rnn_relu", "aten::rnn_tanh", "aten::scaled_dot_product_attention"),
        *("aten::_native_multi_head_attention", "aten::_transformer_encoder_layer_fwd"),
    }
)


@dataclass(frozen=True, slots=True)
class ModuleCount:
    """Counts of a module for one image. What fvcore calls flops are multiply-adds."""

    macs_by_operator: dict[str, int]  # "conv", "linear", "batch_norm": fvcore's names
    macs_by_module: dict[str, int]  # of convolutions and matrix products, by path
    params: int
    not_counted: dict[str, int]  # operators that fvcore has no rule for, and how often they ran

    @property
    def complexity(self) -> int:
        """Multiply-adds of the convolutions, as in Eqn. (1) of He & Sun (2015)."""
        return self.macs_by_operator.get("conv", 0)

    @property
    def macs(self) -> int:
        """Multiply-adds of convolutions and matrix products, without normalisations."""
        return sum(self.macs_by_operator.get(name, 0) for name in _PRODUCTS)


def count_module(module: nn.Module, input: Shape) -> ModuleCount:
    """Counts a module by running it on one image of zeros, and once on noise, of its own type.

    Args:
        module: Module to count.
        input: Shape of one image: channels, height, width.

    Raises:
        ArchitectureError: The module cannot run on such an image or be traced, does other work on
            another image, or has products that fvcore does not count.
    """
    for name in ("fvcore", "fvcore.nn.jit_analysis"):
        logging.getLogger(name).setLevel(logging.ERROR)
    analysis, by_operator = _counted(module, input, torch.zeros)
    noise = partial(torch.rand, generator=torch.Generator().manual_seed(0))
    if _counted(module, input, noise)[1] != by_operator:
        raise ArchitectureError(
            "the module does other work on a black image than on noise: it has a branch that "
            "depends on the image; count each branch as a module of its own"
        )
    if unknown := sorted(_UNKNOWN_PRODUCTS & set(analysis.unsupported_ops())):
        raise ArchitectureError(
            f"the module uses {', '.join(unknown)}, whose multiply-adds fvcore does not count; "
            "write it with torch.matmul or nn.Linear"
        )
    weights = sum(each.numel() for each in module.parameters() if each.ndim > 1)
    if weights and not _PRODUCTS & by_operator.keys():
        used = ", ".join(sorted(analysis.unsupported_ops())) or "no operator"
        raise ArchitectureError(
            f"the module has {weights:,} weights, and no convolution or matrix product was counted "
            f"({used}); write its products with torch.matmul or nn.Linear"
        )
    counts = analysis.by_module_and_operator()
    by_module = {
        path: sum(int(counts[path][name]) for name in _PRODUCTS & set(counts[path]))
        for path, each in module.named_modules()
        if path and not list(each.children())
    }
    return ModuleCount(
        macs_by_operator=by_operator,
        macs_by_module=by_module,
        params=sum(each.numel() for each in module.parameters()),
        not_counted=dict(analysis.unsupported_ops()),
    )


def _counted(
    module: nn.Module, input: Shape, made: Callable[..., Tensor]
) -> tuple[FlopCountAnalysis, dict[str, int]]:
    """Runs the module on one image and counts: the analysis, and multiply-adds by operator.

    Args:
        module: Module to count.
        input: Shape of the image.
        made: Makes the image, of the shape of a batch of one.

    Raises:
        ArchitectureError: The module cannot run on such an image, or cannot be traced.
    """
    try:
        module.eval()
        size_lazy_layers(module, input)
        image = made((1, *input), dtype=weights_type(module))
        analysis = FlopCountAnalysis(module, image)
        analysis.set_op_handle("aten::_convolution_mode", _convolution_mode)
        analysis.tracer_warnings("none")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = {name: int(count) for name, count in analysis.by_operator().items()}
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - whatever others' code raises
        shape = "x".join(map(str, input))
        raise ArchitectureError(
            f"the module does not run on one image of {shape}: {type(error).__name__}: "
            f"{reason(error)}; set its input with --input"
        ) from None
    return analysis, found


def _convolution_mode(inputs: list[Any], outputs: list[Any]) -> Counter[str]:
    """Multiply-adds of a convolution with padding="same" or "valid", which fvcore passes over."""
    shapes = get_shape(inputs[0]), get_shape(inputs[1]), get_shape(outputs[0])
    return Counter({"conv": int(conv_flop_count(*shapes))})
