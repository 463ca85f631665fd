"""The networks of He & Sun, "Convolutional Neural Networks at Constrained Time Cost" (2015).

A to J are the rows of Table 1, J' the last row of Table 2 (delayed subsampling). The errors are
the paper's: ImageNet validation, 10 views, 75 epochs.
"""

from nas_tc.architecture import SPP, Architecture, parse_notation
from nas_tc.zoo.entry import Entry

_TABLE_1 = {
    "A": ("(7,64)/2 | 3/3 | (5,128) | 2/2 | (3,256)x3", 37.4, 15.9),
    "B": ("(7,64)/2 | 3/3 | (5,128) | 2/2 | (2,256)x6", 35.7, 14.9),
    "C": ("(7,64)/2 | 3/3 | (3,128)x2 | 2/2 | (3,256)x3", 35.0, 14.3),
    "D": ("(7,64)/2 | 3/3 | (3,128)x2 | 2/2 | (2,256)x6", 34.5, 13.9),
    "E": ("(7,64)/2 | 3/3 | (2,128)x4 | 2/2 | (2,256)x6", 33.8, 13.3),
    "F": ("(7,64)/2 | 3/3 | (5,128) | 2/2 | (3,160)x5+(3,256)", 35.5, 14.8),
    "G": ("(7,64)/2 | 3/3 | (5,128) | 2/2 | (3,128)x8+(3,256)", 35.5, 14.7),
    "H": ("(7,64)/2 | 3/3 | (3,64)x3+(3,128) | 2/2 | (3,256)x3", 34.7, 14.0),
    "I": ("(7,64)/2 | 3/3 | (3,64)x3+(3,128) | 2/2 | (2,256)x6", 33.9, 13.5),
    "J": ("(7,64)/2 | 3/3 | (2,128)x4 | 2/2 | (2,256)x4 | 3/3 | (2,2304)+(2,256)", 32.9, 12.5),
}
_TABLE_2 = {
    "J'": (
        "(7,64)/2 | 3/1 | (2,128)/3+(2,128)x3 | 2/1 | (2,256)/2+(2,256)x3 | 3/1 | "
        "(2,2304)/3+(2,256)",
        32.2,
        12.0,
    ),
}


def _entry(name: str, row: tuple[str, float, float], table: int) -> Entry:
    notation, top1_error, top5_error = row
    return Entry(
        name=name,
        architecture=Architecture(
            input=(3, 224, 224),
            stages=parse_notation(notation),
            head=SPP,
            classes=1000,
            norm="none",
        ),
        source=f"He & Sun 2015, Table {table}",
        top1_error=top1_error / 100,
        top5_error=top5_error / 100,
    )


ENTRIES = (
    *(_entry(name, row, 1) for name, row in _TABLE_1.items()),
    *(_entry(name, row, 2) for name, row in _TABLE_2.items()),
)
