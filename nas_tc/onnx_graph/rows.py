"""The nodes and constants of an ONNX graph that is being written."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import onnx


@dataclass
class Rows:
    """Nodes in the order in which they run, and the constants that they read."""

    nodes: "list[onnx.NodeProto]" = field(default_factory=list)
    constants: "list[onnx.TensorProto]" = field(default_factory=list)
    _names: set[str] = field(default_factory=set)

    def constant(self, name: str, values: NDArray[np.generic]) -> str:
        """Adds a constant, once a name; returns the name.

        Args:
            name: Name of the constant. Constants of one name have the same values.
            values: Values of any shape.
        """
        from onnx import numpy_helper  # noqa: PLC0415

        if name not in self._names:
            self._names.add(name)
            self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def add(self, kind: str, inputs: Sequence[str], layer: str, **attributes: Any) -> str:
        """Adds a node, named after its layer; returns the name of its output.

        Args:
            kind: Operator of ONNX.
            inputs: Names of the values that it reads.
            layer: Name of the layer that it is a part of.
            **attributes: Attributes of the operator.
        """
        from onnx import helper  # noqa: PLC0415

        name, number = f"{layer}/{kind}", 1
        while name in self._names:
            number += 1
            name = f"{layer}/{kind}.{number}"
        self._names.add(name)
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **attributes))
        return name

    def rename_last(self, value: str, name: str) -> None:
        """Gives the output of the last node another name.

        Args:
            value: Name so far.
            name: New name.
        """
        assert self.nodes[-1].output[0] == value
        self.nodes[-1].output[0] = name
