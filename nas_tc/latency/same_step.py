"""Guesses the time of a layer on a GPU that was never timed, but never across a step.

A GPU computes channels in tiles, so its times are staircases in the width, and flat where a layer
is too small to fill it. A line through the widths that were timed would be wrong by a whole step.
So a layer is guessed only from layers on the same step; of any other its time is not known.
"""

from collections import defaultdict
from collections.abc import Iterable
from math import exp, log

from nas_tc.latency.layer_signature import LayerSignature

_TILE = 8  # channels: tensor cores take no fewer of them (NVIDIA, "Convolutional layers", 2023)
_SAME = log(1.1)  # two widths that differ by less in time lie on the same step, and all between

_Steps = tuple[int, ...]  # channels of each input and output, in tiles
_Maps = tuple[str, ...]  # kind, and height x width of each input and output


class SameStep:
    """Layers that were timed on a GPU, by their kinds, maps and steps.

    Args:
        timed: Signature and milliseconds of each layer.
    """

    def __init__(self, timed: Iterable[tuple[LayerSignature, float]]) -> None:
        self._timed: dict[_Maps, list[tuple[_Steps, float]]] = defaultdict(list)
        for signature, ms in timed:
            maps, steps = _place(signature)
            self._timed[maps].append((steps, log(max(ms, 1e-6))))

    def guess(self, signature: LayerSignature) -> float | None:
        """Milliseconds of a layer; None if its step is not known.

        Layers whose channels round up to the same multiple of eight take the same time. Otherwise a
        layer between two others that differ by less than a tenth takes the mean of the two: time
        grows with the width, so there is no step between them.
        """
        maps, own = _place(signature)
        timed = self._timed.get(maps, [])
        same = [log_ms for steps, log_ms in timed if steps == own]
        if same:
            return exp(sum(same) / len(same))
        narrower = [log_ms for steps, log_ms in timed if _within(steps, own)]
        wider = [log_ms for steps, log_ms in timed if _within(own, steps)]
        if not narrower or not wider:
            return None
        low, high = max(narrower), min(wider)
        return exp((low + high) / 2) if abs(high - low) <= _SAME else None


def _place(signature: LayerSignature) -> tuple[_Maps, _Steps]:
    shapes = signature.sizes.replace(">", " ").split()
    channels, maps = zip(*(shape.split("x", 1) for shape in shapes), strict=True)
    return (signature.kind, *maps), tuple(-(-int(each) // _TILE) for each in channels)


def _within(inner: _Steps, outer: _Steps) -> bool:
    return all(a <= b for a, b in zip(inner, outer, strict=True))
