"""Pictures are well-formed, and to scale."""

import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import given, settings

from block_strategies import block_networks
from nas_tc.architecture import Add, Concat, Conv, Scale, sources, walk
from nas_tc.drawing import draw_network
from nas_tc.zoo import ZOO

SVG = "{http://www.w3.org/2000/svg}"


def boxes(picture):
    """The named boxes of a picture: name to x, width, height, colour."""
    found = {}
    for rect in ElementTree.fromstring(picture).iter(f"{SVG}rect"):
        title = rect.find(f"{SVG}title")
        if title is not None:
            place = [float(rect.get(key)) for key in ("x", "width", "height")]
            found[title.text.split(":")[0]] = (*place, rect.get("fill"))
    return found


@pytest.mark.parametrize("name", ["J", "lenet5", "resnet50", "googlenet", "efficientnet-b7"])
def test_boxes_are_to_scale_and_in_order(name):
    arch = ZOO[name].architecture
    drawn = boxes(draw_network(arch, name))
    convs = [layer for layer in walk(arch) if isinstance(layer, Conv)]
    starts = [drawn[conv.name][0] for conv in convs]
    assert starts == sorted(starts)
    largest = max(convs, key=lambda conv: conv.output[1])
    broadest = max(convs, key=lambda conv: conv.n_out)
    for conv in convs:
        _, width, height, _ = drawn[conv.name]
        tall = drawn[largest.name][2] * conv.output[1] / largest.output[1]
        broad = drawn[broadest.name][1] * conv.n_out / broadest.n_out
        assert height == pytest.approx(max(tall, 2.5), abs=0.2)
        assert width == pytest.approx(max(broad, 2.5), abs=0.2)


def test_the_costliest_layer_is_the_darkest():
    arch = ZOO["J"].architecture
    drawn = boxes(draw_network(arch, "J"))
    costliest = max(walk(arch), key=lambda layer: layer.macs)
    assert drawn[costliest.name][3] == "#8c161e"


@settings(max_examples=50)
@given(block_networks())
def test_every_network_can_be_drawn(arch):
    picture = draw_network(arch, 'a <"title"> & more')
    root = ElementTree.fromstring(picture)
    layers = walk(arch)
    joins = sum(isinstance(layer, Add | Concat | Scale) for layer in layers)
    skips = sum(0 <= f < n - 1 for n, feeds in enumerate(sources(layers)) for f in feeds)
    assert len(list(root.iter(f"{SVG}circle"))) == joins
    assert len(list(root.iter(f"{SVG}path"))) == skips
    assert len(boxes(picture)) == len(layers) - joins
