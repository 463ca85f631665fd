"""MobileNets, networks for small devices.

The first has separable convolutions (Howard et al. 2017, Table 1), the second inverted residuals
(Sandler et al. 2018, Table 2). The errors are the papers' own, single crop.
"""

from nas_tc.architecture import GAP, Architecture, Head, parse_notation
from nas_tc.zoo.entry import Entry

_V2 = (
    "(3,32)/2 | inverted[1](3,16) | inverted[6](3,24)/2+inverted[6](3,24) | "
    "inverted[6](3,32)/2+inverted[6](3,32)x2 | inverted[6](3,64)/2+inverted[6](3,64)x3 | "
    "inverted[6](3,96)x3 | inverted[6](3,160)/2+inverted[6](3,160)x2 | inverted[6](3,320) | "
    "(1,1280)"
)


def mobilenet(width: float, side: int) -> Architecture:
    """MobileNet with all widths times `width`, for images of `side` x `side` pixels."""

    def unit(filters: int, rest: str = "") -> str:
        return f"separable(3,{int(filters * width)}){rest}"

    stem = f"(3,{int(32 * width)})/2"
    halves = (f"{unit(filters, '/2')}+{unit(filters)}" for filters in (128, 256))
    wide = (f"{unit(512, '/2')}+{unit(512, 'x5')}", f"{unit(1024, '/2')}+{unit(1024)}")
    stages = parse_notation(" | ".join((stem, unit(64), *halves, *wide)))
    return Architecture((3, side, side), stages, GAP, classes=1000, norm="batch")


def _entry(width: str, side: int, top1_error: float) -> Entry:
    source = "Howard et al. 2017, Tables 1 and 6 to 8"
    return Entry(f"mobilenet-{width}-{side}", mobilenet(float(width), side), source, top1_error)


ENTRIES = (
    _entry("1.0", 224, 0.294),
    _entry("0.75", 224, 0.316),
    _entry("0.5", 160, 0.398),
    Entry(
        name="mobilenetv2",
        architecture=Architecture(
            input=(3, 224, 224),
            stages=parse_notation(_V2),
            head=Head("average", bins=(1,), dropout=0.2),
            classes=1000,
            norm="batch",
            activation="relu6",
        ),
        source="Sandler et al. 2018, Table 2",
        top1_error=0.280,
    ),
)
