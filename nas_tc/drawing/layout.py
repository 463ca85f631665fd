"""Positions of a network's layers in its picture: boxes to scale, from left to right."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from nas_tc.architecture import Add, Concat, Layer, Linear, PyramidPool, Scale, sources

_TALLEST = 240.0  # height of the largest map, picture pixels
_BROADEST = 1100.0  # width of all channels together, picture pixels
_LEAST = 2.5  # least side of a box, picture pixels
_GAP = 5.0  # between layers, picture pixels
_STAGE_GAP = 22.0  # between stages, picture pixels
_VECTOR_HEIGHT = 64.0  # bar of a fully connected layer, whose map is one pixel
_VECTOR_WIDTH = 9.0
_LEAST_STAGE = 96.0  # least width of a stage: room for its label, picture pixels
MARGIN = 24.0


@dataclass(frozen=True, slots=True)
class Box:
    """A layer in the picture, in picture pixels."""

    layer: Layer
    x: float  # left side
    width: float
    height: float

    @property
    def middle(self) -> float:
        """Horizontal centre of the box, picture pixels."""
        return self.x + self.width / 2


@dataclass(frozen=True, slots=True)
class Group:
    """The boxes of a stage, or of the head, in picture pixels."""

    name: str  # "conv1", "fc"
    boxes: tuple[Box, ...]
    x: float  # left side
    width: float


def layout(layers: tuple[Layer, ...]) -> tuple[Group, ...]:
    """Every layer's box: as tall as its map, as broad as its channels, stage by stage."""
    maps = [layer.output for layer in layers if not _is_vector(layer)]
    # Picture pixels for a pixel of a map, and for a channel.
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
    """Indices of the first and last box of each connection that skips layers."""
    for number, feeds in enumerate(sources(layers)):
        for feed in feeds:
            if 0 <= feed < number - 1:
                yield feed, number


def _groups(layers: tuple[Layer, ...]) -> Iterator[tuple[str, list[Layer]]]:
    """The layers of each stage, told by their names, then those of the head."""
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
    """Width and height of a layer's box, picture pixels."""
    if _is_vector(layer):
        return _VECTOR_WIDTH, _VECTOR_HEIGHT
    if isinstance(layer, Add | Scale | Concat):
        return 2 * _LEAST, 2 * _LEAST
    channels, height, _ = layer.output
    return max(channels * broad, _LEAST), max(height * tall, _LEAST)
