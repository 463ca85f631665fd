"""What a head costs behind a number of channels."""

from functools import lru_cache

from nas_tc.architecture import Architecture, Head, Stage, walk
from nas_tc.cost.int8 import int8_bytes_of
from nas_tc.space.unit_costs import INT8_WEIGHTS, MEASURES, PARAMS


@lru_cache(maxsize=1 << 12)
def head_costs(head: Head, channels: int, classes: int) -> tuple[int, ...]:
    """A head's amounts of the measures of `unit_costs`.

    Args:
        head: The head.
        channels: Channels of the last map.
        classes: Number of classes.
    """
    layers = walk(Architecture((1, 1, 1), (Stage(1, channels, 1),), head, classes))[1:]
    amounts = dict.fromkeys(range(MEASURES), 0)
    amounts[PARAMS] = sum(layer.params for layer in layers)
    amounts[INT8_WEIGHTS] = int8_bytes_of(layers)
    return tuple(amounts.values())
