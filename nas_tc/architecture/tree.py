"""The walk as a tree: a row of layers in which branches that meet again are one node.

Torch modules and their source code are nested in this way; the flat walk is not.
"""

from dataclasses import dataclass

from nas_tc.architecture.layers import IMAGES, Add, Concat, Layer, Scale, sources


@dataclass(frozen=True, slots=True)
class Join:
    """Branches that start from one map, and the layer where they meet.

    An empty branch is an identity shortcut.
    """

    layer: Add | Concat | Scale
    branches: tuple[tuple["Node", ...], ...]


Node = Layer | Join


def nest(layers: tuple[Layer, ...], before: str = IMAGES) -> tuple[Node, ...]:
    """The layers of a walk in a row, those between a fork and its join inside a `Join`.

    Args:
        layers: Layers of a walk, or of a part of it that no branch leaves.
        before: Name of the layer before the part.
    """
    feeds = sources(layers, before)
    behind: list[int] = []  # number that a layer follows, or the fork whose branches meet in it
    for ends in feeds:
        # Feeders have lower numbers, so the branch that is furthest along steps back.
        heads = set(ends)
        while len(heads) > 1:
            furthest = max(heads)
            heads = (heads - {furthest}) | {behind[furthest]}
        behind.append(heads.pop())

    def row(end: int, fork: int) -> tuple[Node, ...]:
        nodes: list[Node] = []
        while end != fork:
            layer = layers[end]
            start = behind[end]
            if isinstance(layer, Add | Concat | Scale):
                nodes.append(Join(layer, tuple(row(each, start) for each in feeds[end])))
            else:
                nodes.append(layer)
            end = start
        return tuple(reversed(nodes))

    return row(len(layers) - 1, -1)
