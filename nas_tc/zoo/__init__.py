"""Networks with a name, each with its source."""

from nas_tc.zoo.entry import Entry
from nas_tc.zoo.find import find_network
from nas_tc.zoo.table import ZOO

__all__ = ["ZOO", "Entry", "find_network"]
