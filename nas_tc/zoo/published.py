"""Tables 1 to 6 of He & Sun (2015), as printed, with the names of the zoo's networks."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table: a network of the zoo and the paper's figures for it."""

    name: str  # as in the zoo
    top1_error: float | None  # 0 to 1; None if not printed
    top5_error: float  # 0 to 1
    complexity: float | None = None  # relative to the table's reference
    batch_s: float | None = None  # training time of a mini-batch of 128, seconds


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the paper."""

    title: str
    reference: str  # name of the network with complexity 1
    rows: tuple[Row, ...]


TABLES: Mapping[int, Table] = MappingProxyType(
    {
        1: Table(
            "Table 1: models under constrained time complexity",
            "A",
            (
                Row("A", 0.374, 0.159, 1),
                Row("B", 0.357, 0.149, 0.96),
                Row("C", 0.350, 0.143, 1.02),
                Row("D", 0.345, 0.139, 0.98),
                Row("E", 0.338, 0.133, 0.99),
                Row("F", 0.355, 0.148, 1),
                Row("G", 0.355, 0.147, 1),
                Row("H", 0.347, 0.140, 0.97),
                Row("I", 0.339, 0.135, 0.93),
                Row("J", 0.329, 0.125, 0.98),
            ),
        ),
        2: Table(
            "Table 2: delayed subsampling of pooling layers",
            "A",
            (
                Row("B'", 0.346, 0.139, 0.96),
                Row("D'", 0.338, 0.135, 0.98),
                Row("E'", 0.334, 0.130, 0.99),
                Row("J'", 0.322, 0.120, 0.98),
            ),
        ),
        3: Table(
            "Table 3: increased depth (no complexity is printed)",
            "A",
            (
                Row("D", 0.345, 0.139),
                Row("D+2", 0.340, 0.136),
                Row("D+4", 0.339, 0.134),
                Row("D+6", 0.340, 0.135),
                Row("D+8", 0.342, 0.136),
            ),
        ),
        4: Table(
            "Table 4: top-5 errors without and with delayed subsampling (no complexity is printed)",
            "A",
            (
                Row("B", None, 0.149),
                Row("B'", None, 0.139),
                Row("D", None, 0.139),
                Row("D'", None, 0.135),
                Row("E", None, 0.133),
                Row("E'", None, 0.130),
                Row("J", None, 0.125),
                Row("J'", None, 0.120),
            ),
        ),
        5: Table(
            "Table 5: comparisons with fast models (J' trained for 90 epochs)",
            "J'",
            (
                Row("alexnet", 0.376, 0.160, 1.4, 0.50),
                Row("zf-fast", 0.360, 0.148, 1.5, 0.54),
                Row("cnn-f", None, 0.167, 0.9, 0.30),
                Row("sppnet-zf5", 0.350, 0.141, 1.5, 0.55),
                Row("J'", 0.318, 0.118, 1, 0.41),
            ),
        ),
        6: Table(
            "Table 6: comparisons with accurate models (J' trained for 90 epochs)",
            "J'",
            (
                Row("cnn-m", None, 0.137, 2.1, 0.71),
                Row("cnn-s", None, 0.131, 3.8, 1.23),
                Row("sppnet-o5", 0.329, 0.128, 3.8, 1.24),
                Row("sppnet-o7", 0.304, 0.111, 5.8, 1.85),
                Row("J'", 0.318, 0.118, 1, 0.41),
                Row("vgg16", 0.281, 0.093, 20.1, 9.6),
                Row("googlenet", None, 0.092, 2.1, 3.2),
            ),
        ),
    }
)
