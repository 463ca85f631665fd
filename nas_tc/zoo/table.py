"""The zoo itself: every named network."""

from collections.abc import Mapping
from types import MappingProxyType

from nas_tc.zoo import (
    alexnet,
    chatfield,
    efficientnet,
    googlenet,
    he_sun,
    lenet,
    mobilenet,
    resnet,
    sppnet,
    vgg,
    zf,
)
from nas_tc.zoo.entry import Entry

_FAMILIES = (
    he_sun.ENTRIES,
    alexnet.ENTRIES,
    zf.ENTRIES,
    chatfield.ENTRIES,
    sppnet.ENTRIES,
    vgg.ENTRIES,
    googlenet.ENTRIES,
    lenet.ENTRIES,
    resnet.ENTRIES,
    mobilenet.ENTRIES,
    efficientnet.ENTRIES,
)

ZOO: Mapping[str, Entry] = MappingProxyType(
    {entry.name: entry for family in _FAMILIES for entry in family}
)
