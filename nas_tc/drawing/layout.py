"""Positions of the layers in a picture: boxes to scale, in the walk's order."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from nas_tc.architecture import Add, Concat, Layer, Linear, PyramidPool, Scale, sources

_TALLEST = 240.0  # height of the largest map, picture pixels
_BROADEST = 1100.0  # width of all channels together, picture pixels
_LEAST = 2.5  # least side of a box, picture pixels
_GAP = 5.0  # between layers
_STAGE_GAP = 22.0
_VECTOR_HEIGHT = 64.0  # bar of a fully connected layer, whose map is one pixel
_VECTOR_WIDTH = 9.0
_LEAST_STAGE = 96.0  # room for a stage's label
MARGIN = 24.0


@dataclass(frozen=True, slots=True)
class Box:
    """A layer in the picture, in picture pixels."""

    layer: Layer
    x: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        """Horizontal centre of the box, picture pixels."""
        return self.x + self.width / 2


@dataclass(frozen=True, slots=True)
class Group:
    """The boxes of a stage, or of the head."""

    name: str  # "conv1", "fc"
    boxes: tuple[Box, ...]
    x: float
    width: float


def layout(layers: tuple[Layer, ...]) -> tuple[Group, ...]:
    """Every layer's box: as tall as its map, as broad as its channels, stage by stage."""
    maps = [layer.output for layer in layers if not _is_vector(layer)]
    tall = _TALLEST / max(shape[1] for shape in maps)
    broad = min(0.12, _BROADEST / sum(shape[0] for shape in maps))
    groups: list[Group] = []
    x = MARGIN
    for name, members in _groups(layers):
        boxes: list[Box] = []
        start = x
        for layer in members:
            width, height = _size(layer, broad, tall)
            boxes.append(Box(layer, x, width, height))
            x += width + _GAP
        width = max(x - _GAP - start, _LEAST_STAGE)
        groups.append(Group(name, tuple(boxes), start, width))
        x = start + width + _STAGE_GAP
    return tuple(groups)


def arcs(layers: tuple[Layer, ...]) -> Iterator[tuple[int, int]]:
    """First and last boxes of connections that skip layers: shortcuts and branches."""
    for number, feeds in enumerate(sources(layers)):
        for feed in feeds:
            if 0 <= feed < number - 1:
                yield feed, number


def _groups(layers: tuple[Layer, ...]) -> Iterator[tuple[str, list[Layer]]]:
    """Layers by the stage that their names begin with."""
    names = ["fc" if _is_vector(layer) else f"conv{_number(layer.name)}" for layer in layers]
    starts = [0, *(i for i, (a, b) in enumerate(pairwise(names), start=1) if a != b), len(names)]
    for begin, end in pairwise(starts):
        yield names[begin], list(layers[begin:end])


def _number(name: str) -> str:
    """Number of the stage in a layer's name: 2 in "conv2.3.add" and in "pool2"."""
    return "".join(c for c in name.split(".", maxsplit=1)[0] if c.isdigit())


def _is_vector(layer: Layer) -> bool:
    return isinstance(layer, PyramidPool | Linear)


def _size(layer: Layer, broad: float, tall: float) -> tuple[float, float]:
    if _is_vector(layer):
        return _VECTOR_WIDTH, _VECTOR_HEIGHT
    if isinstance(layer, Add | Scale | Concat):
        return 2 * _LEAST, 2 * _LEAST
    channels, height, _ = layer.output
    return max(channels * broad, _LEAST), max(height * tall, _LEAST)
