"""The walk as a tree."""

from hypothesis import given

from block_strategies import block_networks
from nas_tc.architecture import (
    Join,
    nest,
    walk,
)


@given(block_networks())
def test_the_tree_holds_every_layer_once(arch):
    def names(nodes):
        for node in nodes:
            if isinstance(node, Join):
                for branch in node.branches:
                    yield from names(branch)
                yield node.layer.name
            else:
                yield node.name

    assert sorted(names(nest(walk(arch)))) == sorted(layer.name for layer in walk(arch))
