"""The signature of a layer: all that its time depends on, and so its key in a table of times.

A layer is a convolution with its normalisation and activation. Branches that meet again are one
layer, because only their time together can be measured. The signature contains shapes, but neither
the layer's name nor its place in the network.
"""

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from nas_tc.architecture import (
    IMAGES,
    Add,
    Architecture,
    AveragePool,
    Concat,
    Conv,
    GlobalPool,
    Join,
    Layer,
    Linear,
    MaxPool,
    Node,
    PyramidPool,
    ResponseNorm,
    Scale,
    Shape,
    nest,
    volume,
    walk_parts,
)
from nas_tc.architecture.layers import source_volume

FIRST = "first "  # marks a layer that reads the images: their gradient is not computed


@dataclass(frozen=True, slots=True)
class LayerSignature:
    """All that a layer's time depends on.

    Attributes:
        kind: All but the sizes of maps: "conv 3/2 pad 1 norm relu".
        sizes: Channels x height x width of input and output: "16x32x32>32x16x16".
        macs: Multiply-adds for one image.
        values: Number of values that are read and written for one image.
        params: Number of weights, biases, scales and shifts.
    """

    kind: str
    sizes: str
    macs: int
    values: int
    params: int

    @property
    def key(self) -> str:
        """The layer's name in a table."""
        return f"{self.kind}: {self.sizes}"


def nodes_of(architecture: Architecture) -> tuple[Node, ...]:
    """The layers of a network in order, with branches that meet again as one node.

    Args:
        architecture: The network.

    Raises:
        ArchitectureError: A map shrinks to nothing.
    """
    found: list[Node] = []
    before = IMAGES
    for part in walk_parts(architecture):
        found += nodes_of_part(part, before)
        before = part[-1].name
    return tuple(found)


def nodes_of_part(part: tuple[Layer, ...], before: str) -> tuple[Node, ...]:
    """The nodes of one part of a walk: its layers, with branches that meet again as one node.

    Args:
        part: Layers of the part.
        before: Name of the layer that feeds them.
    """
    for layer in part:
        if isinstance(layer, Add | Concat | Scale):
            return nest(part, before)
    return part


def signatures_of(architecture: Architecture) -> list[LayerSignature]:
    """The signature of each layer of a network, in order.

    Args:
        architecture: The network.

    Raises:
        ArchitectureError: A map shrinks to nothing.
    """
    nodes = nodes_of(architecture)
    return [signature_of(node, first=number == 0) for number, node in enumerate(nodes)]


def output_of(node: Node) -> Shape:
    """Shape of a node's output, (channels, height, width)."""
    return node.layer.output if isinstance(node, Join) else node.output


def parameter_tensors(layers: Iterable[Layer]) -> int:
    """Number of tensors that hold the parameters of layers: weights, biases, scales and shifts.

    Args:
        layers: Layers of a walk.
    """
    found = 0
    for layer in layers:
        if isinstance(layer, Conv):
            found += 3 if layer.norm else 2
        elif isinstance(layer, Linear):
            found += 2
    return found


def key_without_name(node: Node) -> Hashable:
    """A key that is quicker to make than a signature, and without the layer's name.

    Convolutions with the same signature share it. Other nodes keep their names.
    """
    if type(node) is Conv:
        return (
            node.input,
            node.n_out,
            node.filter,
            node.stride,
            node.padding,
            node.norm,
            node.output,
            node.activation,
            node.groups,
            node.dilation,
        )
    return node


@lru_cache(maxsize=1 << 15)
def signature_of(node: Node, *, first: bool) -> LayerSignature:
    """The signature of a node of the walk.

    Args:
        node: Layer, or branches that meet again.
        first: Whether it reads the images.
    """
    if type(node) is Conv:  # most nodes are; a shorter way to the same result
        return LayerSignature(
            (FIRST if first else "") + _layer_kind(node),
            f"{_shape(node.input)}>{_shape(node.output)}",
            node.macs,
            volume(node.input) + volume(node.output),
            node.params,
        )
    layers = list(layers_of(node))
    return LayerSignature(
        kind=(FIRST if first else "") + _kind(node),
        sizes=" ".join(f"{_shape(layer.input)}>{_shape(layer.output)}" for layer in layers),
        macs=sum(layer.macs for layer in layers),
        values=sum(source_volume(layer) + volume(layer.output) for layer in layers),
        params=sum(layer.params for layer in layers),
    )


def layers_of(node: Node) -> Iterator[Layer]:
    """The layers of a node, in the order in which `_kind` names them."""
    if not isinstance(node, Join):
        yield node
        return
    for branch in node.branches:
        for each in branch:
            yield from layers_of(each)
    yield node.layer


def _kind(node: Node) -> str:
    if not isinstance(node, Join):
        return _layer_kind(node)
    branches = " | ".join(", ".join(_kind(each) for each in branch) for branch in node.branches)
    return f"({branches}) {_layer_kind(node.layer)}"


def _layer_kind(layer: Layer) -> str:
    match layer:
        case Conv():
            groups = f" groups {layer.groups}" if layer.groups > 1 else ""
            dilation = f" dilation {layer.dilation}" if layer.dilation > 1 else ""
            return (
                f"conv {layer.filter}/{layer.stride} pad {layer.padding}{groups}{dilation} "
                f"{'norm' if layer.norm else 'bias'} {layer.activation or 'linear'}"
            )
        case MaxPool() | AveragePool():
            name = "max" if isinstance(layer, MaxPool) else "average"
            ceil = " ceil" if layer.ceil else ""
            return f"{name} {layer.size}/{layer.stride} pad {layer.padding}{ceil}"
        case GlobalPool():
            return "global average"
        case ResponseNorm():
            return f"response norm {layer.size}"
        case PyramidPool():
            bins = "+".join(map(str, layer.bins))
            return f"{'average' if layer.average else 'max'} to {bins}"
        case Linear():
            return f"fc {layer.activation}" if layer.activation else "fc"
        case Add():
            return f"add {layer.activation or 'linear'}"
        case Concat():
            return "concat"
        case Scale():
            return "scale"


def _shape(shape: Shape) -> str:
    channels, height, width = shape
    return f"{channels}x{height}x{width}"
