"""A user's own network: of the zoo, a notation, a JSON file or a torch module."""

import re
from dataclasses import dataclass
from pathlib import Path

from nas_tc.architecture import GAP, Architecture, Shape, parse_notation
from nas_tc.reading.factory import check_factory, is_factory, load_module
from nas_tc.space import Reach, Space, space_around
from nas_tc.zoo import ZOO, find_network

_SMALL: Shape = (3, 32, 32)  # images of a notation, which names none


@dataclass(frozen=True)
class OwnNetwork:
    """A network that a user has, and wants a better one than.

    Attributes:
        text: The value as the user wrote it.
        network: Network that it stands for, at its own images.
        notes: What of a torch module the network leaves out.
    """

    text: str
    network: Architecture
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """A short name for files: "around-alexnet", "around-MyNetwork"."""
        text = self.text.rpartition(":")[2] if ".py:" in self.text else self.text
        stem = Path(text).stem if text.endswith(".json") else text
        return "around-" + re.sub(r"[^\w.']+", "-", stem).strip("-")[:60]

    def space(self, reach: Reach | None = None) -> Space:
        """The space around the network; see `space_around`.

        Args:
            reach: Bounds of the space; None: the default ones.
        """
        return space_around(self.network, self.name, reach)


def own_network(text: str, input: Shape | None = None) -> OwnNetwork:
    """The network that a name, a notation, a JSON file or a torch module stands for.

    A notation has the head, the normalisation and the images of the spaces for small images: global
    average pooling, batch normalisation, 3x32x32.

    Args:
        text: Name of a network of the zoo, notation, path of a JSON file, or `file.py:factory`.
        input: Channels, height and width of its images; None: its own.

    Raises:
        NasTcError: There is no such network, or the module cannot be read.
    """
    if is_factory(text):
        from nas_tc.reading.read import read_module  # noqa: PLC0415 - torch

        reading = read_module(load_module(text), input)
        return OwnNetwork(text, reading.architecture, reading.notes)
    if text.rstrip(":").endswith(".py"):
        check_factory(text)
    if text not in ZOO and not text.endswith(".json") and ("(" in text or "|" in text):
        network = Architecture(input or _SMALL, parse_notation(text), GAP, classes=10)
    else:
        network = find_network(text)
    return OwnNetwork(text, network if input is None else network.at(input))
