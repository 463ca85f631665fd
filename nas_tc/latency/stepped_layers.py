"""Guesses the time of a layer on a GPU that was never timed, without a line across a step.

A GPU computes channels in tiles, so its times are staircases in the width, and flat where a layer
is too small to fill it. A line through all widths would be wrong by a step: a wider layer on the
same step would seem slower, and the first one on the next step quicker than it is.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from math import exp, inf, log

import numpy as np

from nas_tc.latency.layer_signature import LayerSignature
from nas_tc.latency.nearest_layers import NearestLayers

_TILE = 8  # channels: tensor cores take no fewer of them (NVIDIA, "Convolutional layers", 2023)
_SAME = log(1.1)  # two layers that differ by less in time lie on one step, and all between them

_Sizes = tuple[int, ...]  # of each input and output: channels rounded up, height, width


class SteppedLayers:
    """Timed layers of a GPU, whose widths are rounded up to multiples of eight.

    Args:
        timed: Signature and milliseconds of each layer that was timed.
    """

    def __init__(self, timed: Iterable[tuple[LayerSignature, float]]) -> None:
        whole = [(_rounded(signature), ms) for signature, ms in timed]
        kinds: dict[str, list[tuple[_Sizes, float]]] = defaultdict(list)
        for signature, ms in whole:
            kinds[signature.kind].append((_sizes(signature), log(max(ms, 1e-6))))
        self._kinds = {
            kind: tuple(np.array(column) for column in zip(*known, strict=True))
            for kind, known in kinds.items()
        }
        self._nearest = NearestLayers(whole)

    def guess(self, signature: LayerSignature) -> float | None:
        """Milliseconds of a layer; None if none of its kind and of about its size was timed.

        Layers whose channels round up to the same multiples take the same time. Any other takes no
        less than a layer that is smaller in all sizes, and no more than one that is larger. If
        these two differ by less than a tenth, there is no step between them, and their mean counts;
        otherwise the guess of the nearest layers at rounded widths, within the two.
        """
        whole = _rounded(signature)
        if whole.kind not in self._kinds:
            return None
        sizes, log_ms = self._kinds[whole.kind]
        own = np.array(_sizes(whole))
        smaller, larger = (sizes <= own).all(axis=1), (sizes >= own).all(axis=1)
        if (same := smaller & larger).any():
            return exp(log_ms[same].mean())
        low = float(log_ms[smaller].max(initial=-inf))
        high = float(log_ms[larger].min(initial=inf))
        if high - low <= _SAME:  # or below zero, by errors of the clock
            return exp((low + high) / 2)
        nearest = self._nearest.guess(whole)
        return None if nearest is None else exp(min(max(log(nearest), low), high))


def _rounded(signature: LayerSignature) -> LayerSignature:
    """The layer with its channels rounded up, and with the work of that many."""
    layers, sizes = signature.sizes.split(), []
    products = values = whole_products = whole_values = 0
    for layer in layers:
        shapes = [tuple(map(int, shape.split("x"))) for shape in layer.split(">")]
        wide = [(-(-channels // _TILE) * _TILE, *maps) for channels, *maps in shapes]
        products += shapes[0][0] * shapes[-1][0]
        whole_products += wide[0][0] * wide[-1][0]
        values += sum(channels * height * width for channels, height, width in shapes)
        whole_values += sum(channels * height * width for channels, height, width in wide)
        sizes.append(">".join("x".join(map(str, shape)) for shape in wide))
    more_work = whole_products / products
    return replace(
        signature,
        sizes=" ".join(sizes),
        macs=round(signature.macs * more_work),
        values=round(signature.values * whole_values / values),
        params=round(signature.params * more_work),
    )


def _sizes(signature: LayerSignature) -> _Sizes:
    return tuple(map(int, signature.sizes.replace(">", "x").replace(" ", "x").split("x")))
