"""Answers that take no cleverness and no shortcut."""

import itertools

from nas_tc.architecture import walk
from nas_tc.errors import ArchitectureError


def every_network(space):
    """All networks of a space that exist."""
    names = [gene.name for gene in space.genes]
    found = set()
    for chosen in itertools.product(*(gene.choices for gene in space.genes)):
        architecture = space.decode(dict(zip(names, chosen, strict=True)))
        try:
            walk(architecture)
        except ArchitectureError:
            continue
        found.add(architecture)
    return found
