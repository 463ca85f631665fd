"""MobileNets, networks for small devices.

The first has separable convolutions (Howard et al. 2017, Table 1), the second inverted residuals
(Sandler et al. 2018, Table 2). The errors are the papers' own, single crop.
"""

from nas_tc.architecture import GAP, Architecture, Head, Inverted, Stage, parse_notation
from nas_tc.zoo.entry import Entry
from nas_tc.zoo.mobile import last_halvings, round_channels

# Expansion, width, depth and stride of MobileNetV2's bottlenecks, its Table 2.
_V2 = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
_V2_LAST = 1280  # width of the last convolution


def mobilenet(width: float, side: int) -> Architecture:
    """MobileNet with all widths times `width`, for images of `side` x `side` pixels."""

    def unit(filters: int, rest: str = "") -> str:
        return f"separable(3,{int(filters * width)}){rest}"

    stem = f"(3,{int(32 * width)})/2"
    halves = (f"{unit(filters, '/2')}+{unit(filters)}" for filters in (128, 256))
    wide = (f"{unit(512, '/2')}+{unit(512, 'x5')}", f"{unit(1024, '/2')}+{unit(1024)}")
    stages = parse_notation(" | ".join((stem, unit(64), *halves, *wide)))
    return Architecture((3, side, side), stages, GAP, classes=1000, norm="batch")


def mobilenetv2_stages(
    width: float, halvings: int = 5, *, scales_last: bool = False
) -> tuple[Stage, ...]:
    """The stages of MobileNetV2 with their widths scaled and rounded to multiples of 8.

    Args:
        width: the multiplier. One below 1 leaves the last convolution alone, as published.
        halvings: how many of the five strides of 2 are kept, the last ones.
        scales_last: whether a multiplier below 1 counts for the last convolution all the same.
    """
    strides = last_halvings([2, *(stride for *_, stride in _V2)], halvings)
    last = _V2_LAST * (width if scales_last else max(1.0, width))
    return (
        Stage(1, round_channels(32 * width), 3, stride=strides[0]),
        *(
            Stage(
                depth=depth,
                width=round_channels(channels * width),
                filter=3,
                stride=stride,
                block=Inverted(expansion),
            )
            for (expansion, channels, depth, _), stride in zip(_V2, strides[1:], strict=True)
        ),
        Stage(1, round_channels(last), 1),
    )


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
            stages=mobilenetv2_stages(1.0),
            head=Head("average", bins=(1,), dropout=0.2),
            classes=1000,
            norm="batch",
            activation="relu6",
        ),
        source="Sandler et al. 2018, Table 2",
        top1_error=0.280,
    ),
)
