"""The zoo itself: every named network."""

from collections.abc import Mapping
from types import MappingProxyType

from nas_tc.zoo import alexnet, he_sun
from nas_tc.zoo.entry import Entry

ZOO: Mapping[str, Entry] = MappingProxyType(
    {entry.name: entry for entry in (*he_sun.ENTRIES, *alexnet.ENTRIES)}
)
