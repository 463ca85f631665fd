"""Delayed subsampling: the stride of a pooling moves to the next convolution (section 4.6)."""

from collections.abc import Callable, Iterator

from nas_tc.architecture import Architecture, advance_subsampling, delay_subsampling
from nas_tc.replacement.original import Original
from nas_tc.replacement.replacement import Replacement


def trade_delay(original: Original) -> Iterator[Replacement]:
    """The network with the stride of all poolings moved, as in the paper, or of one; and back."""
    stages = original.architecture.stages
    early: dict[int, int] = {}  # strides by the number of the stage
    late: dict[int, int] = {}
    for number, stage in enumerate(stages[:-1], start=1):
        if stage.pool is not None:
            if stage.pool.stride > 1:
                early[number] = stage.pool.stride
            elif stages[number].stride > 1:
                late[number] = stages[number].stride
    yield from _moved(original, early, delay_subsampling, "from pooling to convolution")
    yield from _moved(original, late, advance_subsampling, "from convolution to pooling")


def _moved(
    original: Original,
    strides: dict[int, int],
    move: Callable[[Architecture, tuple[int, ...]], Architecture],
    where: str,
) -> Iterator[Replacement]:
    each = [(number,) for number in strides]
    for numbers in [tuple(strides), *each] if len(each) > 1 else each:
        new = move(original.architecture, numbers).stages
        complexity = original.price(0, new, removed=len(new))
        if original.admits(complexity):
            moved = ", ".join(str(strides[number]) for number in numbers)
            change = f"stride{'s'[: len(numbers) > 1]} {moved} {where}"
            yield original.replaced(
                "delay", change, 0, new, complexity, removed=len(new), changed=numbers
            )
