"""Reads a torch module into an architecture, and proves the reading."""

import copy
import inspect
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from nas_tc.architecture import Activation, Architecture, Norm, Pool, Shape
from nas_tc.errors import ArchitectureError, reason
from nas_tc.reading.does_not_run import DoesNotRunError
from nas_tc.reading.head import Hidden, read_head, with_dropout
from nas_tc.reading.operations import (
    IMAGES,
    Convolution,
    FullyConnected,
    Normalisation,
    Operations,
    Pooling,
    Softmax,
    refusal,
)
from nas_tc.reading.parts import Flow, Part
from nas_tc.reading.plain_copy import plain_copy
from nas_tc.reading.proof import Proof, prove, randomised
from nas_tc.reading.recognise import recognise
from nas_tc.reading.simplify import simplify
from nas_tc.reading.stages import stages
from nas_tc.reading.trace import Traced, trace
from nas_tc.reading.unit import Unit
from nas_tc.reading.units import units
from nas_tc.reading.users_code import users_code

_SIDES = (28, 224, 64, 96, 227, 299)  # of the images that most networks are written for, pixels


@dataclass(frozen=True)
class Reading:
    """A module as an architecture.

    Attributes:
        architecture: The network.
        notes: What of the module it does not have; none of it changes an output.
        proof: How the two were compared.
    """

    architecture: Architecture
    notes: tuple[str, ...]
    proof: Proof


def read_module(module: nn.Module, input: Shape | None = None) -> Reading:
    """The architecture of a torch module.

    The forward pass is traced with `torch.fx`. Convolutions, normalisations, activations and
    poolings become stages of plain, depthwise, separable, basic, bottleneck and inverted blocks,
    and what follows becomes the head. The reading is proved: shapes and complexity are equal, and
    with the same weights so are the outputs, to 1e-5.

    Args:
        module: A classifier of images. It is copied and stays as it is, but that lazy layers of it
            get their sizes.
        input: Channels, height and width of the images; None: 32x32, with the channels that the
            first convolution takes.

    Raises:
        ArchitectureError: The module has something that no architecture has, or does not run on
            such images. The message names the place, what is there, and what is allowed.
    """
    shape = input or _usual_input(module)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # two images are no work to share, and threads wait on a busy machine
    try:
        with users_code():
            return _read(plain_copy(module, shape), shape)
    except DoesNotRunError as error:
        if input is not None:
            raise
        with users_code():
            raise error.on_images_of(_that_run(module, shape)) from None
    finally:
        torch.set_num_threads(threads)


def _read(module: nn.Module, shape: Shape) -> Reading:
    """The reading of a copy."""
    _check_inputs(module)
    traced = _traced(module, shape)
    _check_scores(traced.values[traced.scores])
    operations, images = recognise(traced)
    simple, dropped = simplify(operations)
    flow = Flow(simple)
    elements, end = flow.elements(IMAGES)
    path = list(units(elements, shape))
    found = [each for each in path if isinstance(each, Unit)]
    if not found:
        raise refusal(
            "the module", "it has no convolution", "a network has at least one stage of them"
        )
    head = read_head(flow, end, _last_map(simple, end, shape), _last_pool(elements, simple))
    if head.takes_pool:
        path.pop()
    with_drops, notes = with_dropout(head, dropped)
    norm, about_norm = _norm(found, head.layers)
    architecture = Architecture(
        input=shape,
        stages=stages(path),
        head=with_drops,
        classes=int(head.layers[-1].linear.weight.shape[0]),
        norm=norm,
        activation=_activation(found, head.layers),
    )
    _check_once(simple)
    with torch.no_grad():  # what a layer changes in place, the trace does not show
        scores = traced.root(traced.values[traced.images].clone()).detach()
    proof = prove(module, architecture, found, head, traced.values[images], scores)
    notes += about_norm + _about_weights(simple) + _about_shared(simple)
    notes += [
        f"the factor {each.factor:g} of the scores is left out: the last layer can learn it"
        for each in head.layers
        if each.factor != 1
    ]
    notes += [
        f"{each.linear.where} is behind the pooling, which computes the same"
        for each in head.layers
        if each.linear.convolved > each.linear.weight.numel()
    ]
    if _differ(traced.values[images], traced.values[traced.images]):
        notes.append("arithmetic on the images is left out: nas-tc normalises them itself")
    if isinstance(head.softmax, Softmax):
        notes.append("the softmax is left out: the loss has it")
    elif head.softmax is not None:
        notes.append("the sigmoid is left out: the loss of several labels an image has it")
    return Reading(architecture, tuple(notes), proof)


def _check_scores(scores: Tensor) -> None:
    """Refuses maps, as segmentation and autoencoders give them."""
    if max(scores.shape[2:], default=1) > 1:
        raise refusal(
            "the module's forward",
            f"it returns {'x'.join(map(str, scores.shape[1:]))} values for each image",
            "a classifier returns one score for each class",
        )


def _differ(prepared: Tensor, images: Tensor) -> bool:
    """Whether something was computed with the images: moving or copying them computes nothing."""
    return not torch.equal(prepared.double(), images.to(prepared.dtype).double())


def _check_inputs(module: nn.Module) -> None:
    """Refuses a module that takes anything beside images, or nothing."""
    if getattr(module.forward, "__func__", None) is nn.Module.forward:
        raise refusal(
            "the module",
            f"{type(module).__name__} has no forward",
            "a classifier takes images and returns their scores",
        )
    parameters = inspect.signature(module.forward).parameters.values()
    needed = [
        each.name
        for each in parameters
        if each.default is each.empty and each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
    ]
    if len(needed) != 1 and not (not needed and len(parameters) > 0):
        raise refusal(
            f"forward({', '.join(needed)})",
            f"it takes {len(needed)} inputs",
            "a classifier takes images alone",
        )


def _usual_input(module: nn.Module) -> Shape:
    first = next((each for each in module.modules() if isinstance(each, nn.Conv2d)), None)
    return (3 if first is None else first.in_channels or 3, 32, 32)  # 0: a lazy one


def _that_run(module: nn.Module, shape: Shape) -> Shape | None:
    """Images of another usual size, on which the module runs; None if there are none."""
    for side in _SIDES:
        other = (shape[0], side, side)
        try:
            with torch.no_grad():
                plain_copy(module, other).float().cpu().eval()(torch.zeros(2, *other))
        except KeyboardInterrupt:
            raise
        except BaseException:  # noqa: BLE001 - whatever others' code raises
            continue
        return other
    return None


def _traced(module: nn.Module, input: Shape) -> Traced:
    """The trace in double precision, or in single where the module insists on it."""
    try:
        own = randomised(module).float()
        double = copy.deepcopy(own).double()
    except Exception as error:  # noqa: BLE001 - whatever others' classes raise
        raise ArchitectureError(
            f"the module cannot be copied: {reason(error)}; copy.deepcopy(module) has to work"
        ) from None
    try:
        return trace(double, input, torch.float64)
    except ArchitectureError as first:
        try:
            return trace(own, input, torch.float32)
        except ArchitectureError as second:
            raise (second if isinstance(first, DoesNotRunError) else first) from None


def _last_map(operations: Operations, end: int, input: Shape) -> Shape:
    if end not in operations:
        return input
    channels, height, width = operations[end].shape
    return (channels, height, width)


def _last_pool(elements: Sequence[object], operations: Operations) -> tuple[Pool, Shape] | None:
    """The pooling that the stages end with, and the shape of its input."""
    last = elements[-1]
    if not isinstance(last, Pooling) or last.sources[0] not in operations:
        return None
    channels, height, width = operations[last.sources[0]].shape
    return last.pool, (channels, height, width)


def _parts(units: Sequence[Unit]) -> Iterator[Part]:
    return (part for unit in units for part in unit.parts if isinstance(part, Part))


def _norm(units: Sequence[Unit], layers: Sequence[Hidden]) -> tuple[Norm, list[str]]:
    """What follows the convolutions, and notes where the module differs from it."""
    parts = list(_parts(units))
    bare = [part for part in parts if part.norm is None]
    notes = []
    if len(bare) == len(parts):
        norm: Norm = "none"
        notes += [
            f"a bias is added: {part.where} has none" for part in parts if part.conv.bias is None
        ]
    else:
        norm = "batch"
        notes += [f"a batch normalisation is added behind {part.where}" for part in bare]
    notes += [
        f"{norm.where} is left out: heads have no normalisation"
        for layer in layers
        for norm in (layer.before, layer.norm)
        if norm is not None
    ]
    return norm, notes


def _about_weights(operations: Operations) -> list[str]:
    """A note where weights are made of others, as by weight_norm or pruning."""
    made = [
        each.where
        for each in operations.values()
        if isinstance(each, Convolution | FullyConnected)
        and not isinstance(each.weight, nn.Parameter)
    ]
    others = f" and of {len(made) - 1} more" if len(made) > 1 else ""
    return (
        [f"the weights of {made[0]}{others} are computed; the network's are free"] if made else []
    )


def _about_shared(operations: Operations) -> list[str]:
    """A note for each normalisation that several layers share."""
    norms = [each for each in operations.values() if isinstance(each, Normalisation)]
    counts = Counter(id(each.mean) for each in norms)
    shared = {each.where: None for each in norms if counts[id(each.mean)] > 1}
    return [f"{where} is used several times: the network has one for each" for where in shared]


def _activation(units: Sequence[Unit], layers: Sequence[Hidden]) -> Activation:
    """The one activation of the network."""
    met = [
        *(
            each
            for unit in units
            for each in (*(part.activation for part in unit.parts), unit.behind)
        ),
        *(layer.activation for layer in layers),
    ]
    found = [each for each in met if each is not None]
    first = found[0]
    for each in found:
        if each.name != first.name:
            raise refusal(
                each.where,
                f"{each.name}, and {first.name} at {first.where}",
                "a network has one activation",
            )
    return first.name


def _check_once(operations: Operations) -> None:
    """Refuses a layer that is used twice, whose weights would be two layers' in the network."""
    seen: dict[int, str] = {}
    for each in operations.values():
        if isinstance(each, Convolution | FullyConnected):
            if id(each.weight) in seen:
                raise refusal(
                    each.where, "a layer that is used twice", "each has weights of its own"
                )
            seen[id(each.weight)] = each.where
