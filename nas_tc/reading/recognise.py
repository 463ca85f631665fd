"""From the nodes of a trace to operations."""

from torch import Tensor, fx

from nas_tc.reading.functions import FUNCTIONS
from nas_tc.reading.layers import LAYERS, NORMS, layer_operation
from nas_tc.reading.node import KNOWN, TracedNode, call_name
from nas_tc.reading.operations import IMAGES, Operation
from nas_tc.reading.trace import Traced

_CASTS = ("float", "double", "to", "type", "type_as")
_ARITHMETIC = frozenset(("add", "sub", "mul", "div", "truediv", *_CASTS))
_TAKES_APART = ("getitem", "getattr")


def recognise(traced: Traced) -> tuple[dict[int, Operation], fx.Node]:
    """The operations of a trace by number, and the node that stands for the network's images.

    Arithmetic on the images before the first layer, such as the subtraction of a mean, is no
    operation: its result counts as the images.

    Args:
        traced: Trace of a module.

    Raises:
        ArchitectureError: There is an operation that no architecture has. The message names it.
    """
    numbers: dict[fx.Node, int] = {traced.images: IMAGES}
    operations: dict[int, Operation] = {}
    images = traced.images
    calls = [node for node in traced.nodes if node.op not in ("placeholder", "get_attr")]
    # A layer that nobody can read says more than the views around it.
    for node in sorted(calls, key=lambda each: each.op != "call_module"):
        _check_known(TracedNode(traced, node, numbers))
    for node in calls:
        if not operations and _prepares(node, images, traced):
            images = node
            numbers[node] = IMAGES
            continue
        numbers[node] = len(operations)
        operations[len(operations)] = _operation(TracedNode(traced, node, numbers))
    return operations, images


def _check_known(node: TracedNode) -> None:
    """Refuses a layer or a function that no architecture has."""
    name, is_known = node.name, node.name in FUNCTIONS or node.name in _ARITHMETIC
    if node.node.op == "call_module":
        module = node.traced.module(node.node)
        name, is_known = type(module).__name__, isinstance(module, LAYERS)
    elif node.name in _TAKES_APART:
        return  # the values were made elsewhere
    if not is_known:
        raise node.refuse(f"{name} is no layer of a network", KNOWN)


def _operation(node: TracedNode) -> Operation:
    if node.node.op == "call_module":
        return layer_operation(node, node.traced.module(node.node))
    if node.name == "getitem" and not isinstance(
        node.traced.values[node.node.all_input_nodes[0]], tuple | list
    ):
        return node.part()
    if node.name not in FUNCTIONS or not isinstance(node.traced.values[node.node], Tensor):
        raise node.refuse(f"{node.name} on maps is no layer of a network", KNOWN)
    return FUNCTIONS[node.name](node)


def _prepares(node: fx.Node, images: fx.Node, traced: Traced) -> bool:
    """Whether a node computes with the images and constants alone, pixel by pixel."""
    constants = [each for each in node.all_input_nodes if each is not images]
    if sum(images in each.all_input_nodes for each in traced.nodes) > 1:
        return False  # something else takes the images as they were
    if node.op == "call_module" and node.all_input_nodes == [images]:
        return isinstance(traced.module(node), NORMS)
    return (
        node.op != "call_module"
        and call_name(node) in _ARITHMETIC
        and images in node.all_input_nodes
        and all(each.op == "get_attr" for each in constants)
        and traced.values[node].shape == traced.values[images].shape
    )
