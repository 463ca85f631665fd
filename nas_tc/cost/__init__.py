"""What does a network cost, by formula? The package itself can be called: `nas_tc.cost("J")`."""

from nas_tc._callable import make_callable
from nas_tc.architecture import Architecture, Shape
from nas_tc.cost.cost import BYTES_PER_VALUE, Cost, LayerCost, network_cost
from nas_tc.cost.memory import Optimizer, TrainingMemory, inference_bytes, training_memory
from nas_tc.cost.multiply_adds import complexity
from nas_tc.cost.operations import backward_macs, flops
from nas_tc.cost.receptive import Field, receptive_fields
from nas_tc.zoo import find_network

__all__ = [
    "BYTES_PER_VALUE",
    "Cost",
    "Field",
    "LayerCost",
    "Optimizer",
    "TrainingMemory",
    "backward_macs",
    "complexity",
    "cost",
    "flops",
    "inference_bytes",
    "network_cost",
    "receptive_fields",
    "training_memory",
]


def cost(
    network: Architecture | str, *, input: Shape | None = None, classes: int | None = None
) -> Cost:
    """The cost of a network for one image; `nas_tc.cost(...)` is this function.

    Args:
        network: An architecture, or text for `find_network`: a name of the zoo ("J"), the paper's
            notation, or the path of a JSON file.
        input: Channels, height and width (pixels) that replace the network's own; None: its own.
        classes: Number of classes that replaces the network's own; None: its own.

    Raises:
        NasTcError: The network is unknown, cannot be read, or does not fit the input.
    """
    architecture = find_network(network) if isinstance(network, str) else network
    return network_cost(architecture.at(input or architecture.input, classes))


make_callable(__name__, cost)
