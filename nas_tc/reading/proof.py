"""Proves a reading: equal shapes, equal complexity, and equal outputs with equal weights."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from nas_tc.architecture import Architecture, Conv, Shape, walk_convs
from nas_tc.cost import complexity
from nas_tc.errors import ArchitectureError
from nas_tc.module import build
from nas_tc.module.count import count_module
from nas_tc.reading.head import ReadHead
from nas_tc.reading.operations import Convolution, Softmax
from nas_tc.reading.parts import Excitation, Part
from nas_tc.reading.unit import Unit
from nas_tc.reading.weights import carry_over

TOLERANCE = 1e-5  # of the largest output


@dataclass(frozen=True)
class Proof:
    """What was compared between a module and the network that was read from it.

    Attributes:
        complexity: Multiply-adds of the convolutions, Eqn. (1), of both.
        counter: Who counted the module's: "fvcore", or "our own count" and why.
        as_convolutions: Multiply-adds of the module's linear layers in squeeze-and-excitation,
            which are 1x1 convolutions in the network and count in `complexity`.
        as_linear: Multiply-adds of the module's 1x1 convolutions that give its scores, which are
            linear layers in the network and do not count in `complexity`.
        module_params: Parameters of the module.
        difference: Largest difference of an output, as a share of the largest output.
    """

    complexity: int
    counter: str
    as_convolutions: int
    as_linear: int
    module_params: int
    difference: float


def randomised(module: nn.Module) -> nn.Module:
    """A copy of a module in which no weight, mean or variance has a value that hides an error.

    Args:
        module: Module to copy. Fresh normalisations change nothing, so wrong ones would not show.
    """
    made = copy.deepcopy(module).cpu().eval()
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, each in (*made.named_parameters(), *made.named_buffers()):
            leaf = name.rpartition(".")[2]
            if leaf == "running_var" or (each.ndim == 1 and leaf == "weight"):
                each.uniform_(0.5, 1.5, generator=generator)
            elif each.ndim > 1 and isinstance(each, nn.Parameter):
                nn.init.kaiming_normal_(each, nonlinearity="relu", generator=generator)
            elif leaf == "running_mean" or isinstance(each, nn.Parameter):
                each.normal_(0, 0.1, generator=generator)
    return made


def prove(
    module: nn.Module,
    architecture: Architecture,
    units: Sequence[Unit],
    head: ReadHead,
    images: Tensor,
    scores: Tensor,
) -> Proof:
    """Compares a module with what was read from it.

    Args:
        module: Module as the user made it.
        architecture: Network that was read.
        units: Units of its stages.
        head: Head that was read.
        images: Images, as the first layer got them.
        scores: Output of the module with the weights of `units` and `head`.

    Raises:
        ArchitectureError: They differ, so the reading is wrong.
    """
    _compare_shapes(architecture, units)
    found = complexity(architecture)
    extra = _excitation_macs(units)
    as_linear = sum(layer.linear.convolved for layer in head.layers)
    counted, counter = _counted(module, architecture.input, units)
    if counter != "fvcore":
        counted += as_linear
    theirs = counted + extra - as_linear
    if theirs != found:
        raise _differs(f"{theirs:,} multiply-adds by {counter}", f"{found:,}")
    network = build(architecture).to(images.dtype).eval()
    carry_over(network, units, head.layers)
    with torch.no_grad():
        own = network.layers(images)
        if isinstance(head.softmax, Softmax):
            own = own.log_softmax(1) if head.softmax.is_log else own.softmax(1)
        elif head.softmax is not None:
            own = own.sigmoid()
    if own.numel() == scores.numel():
        scores = scores.reshape(own.shape)  # a single score may have no axis, maps of a pixel two
    if own.shape != scores.shape:
        raise _differs(f"outputs of {tuple(scores.shape[1:])}", f"{tuple(own.shape[1:])}")
    difference = float((own - scores).abs().max() / scores.abs().max().clamp_min(1e-30))
    if not difference <= TOLERANCE:
        raise ArchitectureError(
            f"the module and what was read from it give other outputs with the same weights, by "
            f"{difference:.1g} of the largest: the module computes something that no layer shows, "
            "such as autocast; write it with torch's own layers"
        )
    params = sum(each.numel() for each in module.parameters())
    return Proof(found, counter, extra, as_linear, params, difference)


def _compare_shapes(architecture: Architecture, units: Sequence[Unit]) -> None:
    theirs = [each.conv.shape for unit in units for each in unit.parts if isinstance(each, Part)]
    ours = [conv.output for conv in walk_convs(architecture) if not _is_excitation(conv)]
    for number, (own, its) in enumerate(zip(ours, theirs, strict=True), start=1):
        if own != its:
            raise _differs(f"maps of {its} behind convolution {number}", f"{own}")


def _is_excitation(conv: Conv) -> bool:
    return conv.name.endswith((".reduce", ".excite")) and conv.input[1:] == (1, 1) and not conv.norm


def _excitation_macs(units: Sequence[Unit]) -> int:
    """Multiply-adds of linear layers that the network has as 1x1 convolutions."""
    return sum(
        layer.weight.numel()
        for unit in units
        for part in unit.parts
        if isinstance(part, Excitation)
        for layer in (part.reduce, part.expand)
        if not isinstance(layer, Convolution)
    )


def _counted(module: nn.Module, input: Shape, units: Sequence[Unit]) -> tuple[int, str]:
    """Multiply-adds of the module's convolutions by fvcore, or by our own count of its trace."""
    why = ""
    for is_single in (True, False):  # the count's images are in single precision
        copied = copy.deepcopy(module).cpu()
        try:
            counted = count_module(copied.float() if is_single else copied, input)
        except ArchitectureError as error:
            why = why or str(error).rpartition(";")[0]
        else:
            return counted.complexity, "fvcore"
    own = 0
    for unit in units:
        for part in unit.parts:
            if isinstance(part, Part):
                own += part.conv.complexity
            else:
                convs = (part.reduce, part.expand)
                own += sum(e.weight.numel() for e in convs if isinstance(e, Convolution))
    return own, f"our own count ({why})"


def _differs(module: str, network: str) -> ArchitectureError:
    return ArchitectureError(
        f"the module has {module}, and what was read from it has {network}: the module computes "
        "something that no layer shows; write it with torch's own layers"
    )
