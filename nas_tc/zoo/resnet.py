"""ResNets (He et al., "Deep residual learning for image recognition", 2016, Table 1).

Shortcuts are projected where shapes change (option B). The stride of a bottleneck is on its first
1x1, as published; torchvision has it on the 3x3, which costs ResNet-50 4.09 instead of 3.86 G
multiply-adds with the same parameters: `bottleneck[stride_on=filter]`. The errors are the
survey's, which are torchvision's single-crop ones.
"""

from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.zoo.entry import Entry


def resnet(block: str, depths: tuple[int, ...], expansion: int) -> Architecture:
    """A stem and four stages of `block`, 64, 128, 256 and 512 times `expansion` wide."""
    parts = ["(7,64)/2p3 | 3/2p1"]
    for number, depth in enumerate(depths):
        unit = f"{block}(3,{64 * 2**number * expansion})"
        parts.append(f"{unit}x{depth}" if number == 0 else f"{unit}/2+{unit}x{depth - 1}")
    stages = parse_notation(" | ".join(parts))
    return Architecture((3, 224, 224), stages, GAP, classes=1000, norm="batch")


def _entry(name: str, architecture: Architecture, top1_error: float) -> Entry:
    return Entry(name, architecture, "He et al. 2016, Table 1", top1_error)


ENTRIES = (
    _entry("resnet18", resnet("basic", (2, 2, 2, 2), 1), 0.302),
    _entry("resnet34", resnet("basic", (3, 4, 6, 3), 1), 0.267),
    _entry("resnet50", resnet("bottleneck", (3, 4, 6, 3), 4), 0.239),
    _entry("resnet101", resnet("bottleneck", (3, 4, 23, 3), 4), 0.226),
    _entry("resnet152", resnet("bottleneck", (3, 8, 36, 3), 4), 0.217),
)
