"""Receptive fields: the pixels of an image that a value of a map depends on."""

from dataclasses import dataclass
from math import sqrt

from nas_tc.architecture import (
    Architecture,
    AveragePool,
    Conv,
    GlobalPool,
    Layer,
    MaxPool,
    PyramidPool,
    sources,
    walk,
)


@dataclass(frozen=True, slots=True)
class Field:
    """The receptive field of a layer's values, along one side of the image."""

    name: str
    size: int  # theoretical: pixels that can influence a value, those beyond the image included
    jump: int  # distance of neighbouring values, in pixels of the image
    variance: float  # of a pixel's position, weighted by its influence; square pixels

    @property
    def effective(self) -> float:
        """Two standard deviations either side, pixels (Luo et al. 2016, section 2).

        For layers of equal weights the influence tends to a Gaussian, much narrower than the
        theoretical field: it grows with the square root of the depth.
        """
        return min(float(self.size), 4 * sqrt(self.variance))


def receptive_fields(architecture: Architecture) -> tuple[Field, ...]:
    """The receptive field of every layer up to the head's pooling, in the walk's order.

    A layer adds (k-1) * dilation * jump to the size, and multiplies the jump by its stride (Araujo
    et al. 2019). Where branches meet, the largest field counts. Poolings count as filters of equal
    weights.
    """
    layers = walk(architecture)
    fields = {-1: Field("input", 1, 1, 0.0)}
    for number, (layer, feeds) in enumerate(zip(layers, sources(layers), strict=True)):
        widest = max((fields[feed] for feed in feeds), key=lambda field: field.size)
        taps, spacing, stride = _window(layer)
        fields[number] = Field(
            layer.name,
            widest.size + (taps - 1) * spacing * widest.jump,
            widest.jump * stride,
            widest.variance + (spacing * widest.jump) ** 2 * (taps**2 - 1) / 12,
        )
        if isinstance(layer, PyramidPool):
            break
    return tuple(field for number, field in fields.items() if number >= 0)


def _window(layer: Layer) -> tuple[int, int, int]:
    """Taps along a side, their distance and the stride, in pixels of the layer's input."""
    match layer:
        case Conv():
            return layer.filter, layer.dilation, layer.stride
        case MaxPool() | AveragePool():
            return layer.size, 1, layer.stride
        case GlobalPool():
            return 1, 1, 1  # in squeeze-and-excitation: dependence through the factors is ignored
        case PyramidPool():
            return max(_largest_window(side, min(layer.bins)) for side in layer.input[1:]), 1, 1
        case _:
            return 1, 1, 1


def _largest_window(side: int, bins: int) -> int:
    """Pixels of the largest of the windows that cut a side into bins; they may overlap."""
    return max(-(-(n + 1) * side // bins) - n * side // bins for n in range(bins))
