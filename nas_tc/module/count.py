"""Counts the multiply-adds of any torch module with fvcore, by running it once."""

import logging
import warnings
from dataclasses import dataclass

import torch
from fvcore.nn import FlopCountAnalysis
from torch import nn

from nas_tc.architecture import Shape
from nas_tc.errors import ArchitectureError

_PRODUCTS = frozenset(("conv", "linear", "matmul", "addmm", "bmm", "baddbmm", "einsum"))


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
    """Counts a module by running it once on one image of zeros.

    Args:
        module: Module to count.
        input: Shape of one image: channels, height, width.

    Raises:
        ArchitectureError: The module cannot run on such an image, or cannot be traced.
    """
    for name in ("fvcore", "fvcore.nn.jit_analysis"):
        logging.getLogger(name).setLevel(logging.ERROR)
    analysis = FlopCountAnalysis(module.eval(), torch.zeros(1, *input))
    analysis.tracer_warnings("none")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            by_operator = {name: int(count) for name, count in analysis.by_operator().items()}
    except Exception as error:  # noqa: BLE001 - whatever a module of somebody else raises
        shape = "x".join(map(str, input))
        raise ArchitectureError(
            f"the module does not run on one image of {shape}: {type(error).__name__}: {error}; "
            "set its input with --input"
        ) from None
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
