"""The networks of He & Sun, "Convolutional Neural Networks at Constrained Time Cost" (2015).

A to J are the rows of Table 1; B', D', E' and J' those of Table 2 (delayed subsampling, section
4.6); D+2 to D+8 those of Table 3 (more layers of the last kind on D); B-nin and D-nin have a 1x1
convolution behind each of their 2x2 and 3x3 convolutions (section 4.4). The errors are the
paper's: ImageNet validation, 10 views, 75 epochs.
"""

from nas_tc.architecture import SPP, Architecture, parse_notation
from nas_tc.zoo.entry import Entry

_Row = tuple[str, float, float]  # notation, top-1 and top-5 error, per cent

_TABLE_1: dict[str, _Row] = {
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
_TABLE_2: dict[str, _Row] = {
    "B'": ("(7,64)/2 | 3/1 | (5,128)/3 | 2/1 | (2,256)/2+(2,256)x5", 34.6, 13.9),
    "D'": ("(7,64)/2 | 3/1 | (3,128)/3+(3,128) | 2/1 | (2,256)/2+(2,256)x5", 33.8, 13.5),
    "E'": ("(7,64)/2 | 3/1 | (2,128)/3+(2,128)x3 | 2/1 | (2,256)/2+(2,256)x5", 33.4, 13.0),
    "J'": (
        "(7,64)/2 | 3/1 | (2,128)/3+(2,128)x3 | 2/1 | (2,256)/2+(2,256)x3 | 3/1 | "
        "(2,2304)/3+(2,256)",
        32.2,
        12.0,
    ),
}
_TABLE_3: dict[str, _Row] = {
    "D+2": ("(7,64)/2 | 3/3 | (3,128)x2 | 2/2 | (2,256)x8", 34.0, 13.6),
    "D+4": ("(7,64)/2 | 3/3 | (3,128)x2 | 2/2 | (2,256)x10", 33.9, 13.4),
    "D+6": ("(7,64)/2 | 3/3 | (3,128)x2 | 2/2 | (2,256)x12", 34.0, 13.5),
    "D+8": ("(7,64)/2 | 3/3 | (3,128)x2 | 2/2 | (2,256)x14", 34.2, 13.6),
}
_SECTION_4_4: dict[str, _Row] = {
    "B-nin": ("(7,64)/2 | 3/3 | (5,128) | 2/2 | plain[nin](2,256)x6", 37.8, 16.5),
    "D-nin": ("(7,64)/2 | 3/3 | plain[nin](3,128)x2 | 2/2 | plain[nin](2,256)x6", 36.9, 15.7),
}


def _entry(name: str, row: _Row, place: str) -> Entry:
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
        source=f"He & Sun 2015, {place}",
        top1_error=round(top1_error / 100, 4),
        top5_error=round(top5_error / 100, 4),
    )


ENTRIES = (
    *(_entry(name, row, "Table 1") for name, row in _TABLE_1.items()),
    *(_entry(name, row, "Table 2") for name, row in _TABLE_2.items()),
    *(_entry(name, row, "Table 3") for name, row in _TABLE_3.items()),
    *(_entry(name, row, "section 4.4") for name, row in _SECTION_4_4.items()),
)
