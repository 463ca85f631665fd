"""A copy of a user's module that can be traced: without wrappers, its lazy layers sized."""

import copy
from typing import Any, cast

import torch
from torch import Tensor, nn

from nas_tc.architecture import Shape
from nas_tc.errors import ArchitectureError, reason
from nas_tc.module.lazy import size_lazy_layers
from nas_tc.reading.does_not_run import does_not_run
from nas_tc.reading.operations import refusal

_QUANTISED = tuple(
    f"torch.ao.nn.{kind}" for kind in ("quantized", "qat", "intrinsic.quantized", "intrinsic.qat")
)
_FLOATING = ("FloatFunctional", "FXFloatFunctional")  # of the same package, but sums as they are


def plain_copy(module: nn.Module, input: Shape) -> nn.Module:
    """A copy without what `torch.compile` and data parallelism put around modules.

    Lazy layers get their sizes by one run of the module itself.

    Args:
        module: Module to copy.
        input: Channels, height and width of the images.

    Raises:
        ArchitectureError: It cannot be copied, or is no Python or of whole numbers somewhere.
    """
    module = _unwrapped(module)
    for path, each in module.named_modules():
        _check(path, each)
    try:
        size_lazy_layers(module, input)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - whatever others' code raises
        raise does_not_run(input, error) from None
    # Weights that hooks compute (weight_norm, pruning) cannot be copied, and need not be.
    made: dict[int, Any] = {
        id(value): value.detach().clone()
        for each in module.modules()
        for value in vars(each).values()
        if isinstance(value, Tensor) and not value.is_leaf
    }
    try:
        copied = copy.deepcopy(module, made)
    except Exception as error:  # noqa: BLE001 - whatever others' classes raise
        raise ArchitectureError(
            f"the module cannot be copied: {reason(error)}; copy.deepcopy(module) has to work"
        ) from None
    for parent in list(copied.modules()):
        for name, child in parent.named_children():
            setattr(parent, name, _unwrapped(child))
    return copied


def _unwrapped(module: nn.Module) -> nn.Module:
    """The module inside of `nn.DataParallel` or `torch.compile`."""
    inside: Any = module
    while True:
        if isinstance(inside, nn.DataParallel | nn.parallel.DistributedDataParallel):
            inside = inside.module
        elif hasattr(inside, "_orig_mod"):  # torch.compile has no other name for it
            inside = inside._orig_mod
        else:
            return cast(nn.Module, inside)


def _check(path: str, module: nn.Module) -> None:
    """Refuses what is no Python, and what computes in whole numbers."""
    kind = type(module).__name__
    if isinstance(module, torch.jit.ScriptModule):
        raise refusal(
            path or "the module", "it is TorchScript", "give the Python module that it is from"
        )
    if type(module).__module__.startswith(_QUANTISED) and kind not in _FLOATING:
        raise refusal(
            f"{path} ({kind})" if path else kind,
            "it is quantised",
            "give the module from before its quantisation",
        )
