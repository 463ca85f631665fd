"""Networks with a name, each with its source."""

from nas_tc.zoo.entry import Entry
from nas_tc.zoo.find import find_network, names_study
from nas_tc.zoo.published import TABLES, Row, Table
from nas_tc.zoo.table import ZOO

__all__ = ["TABLES", "ZOO", "Entry", "Row", "Table", "find_network", "names_study"]
