"""Hypothesis strategies: networks of every block, pooling and activation."""

from hypothesis import assume
from hypothesis import strategies as st

from nas_tc.architecture import (
    ACTIVATIONS,
    Architecture,
    Basic,
    Bottleneck,
    Depthwise,
    Inception,
    Inverted,
    Plain,
    Pool,
    Separable,
    Stage,
    walk,
)
from nas_tc.errors import ArchitectureError
from strategies import heads


def blocks():
    few = st.integers(1, 4)
    return st.one_of(
        st.builds(Plain, st.sampled_from([1, 2, 3]), st.integers(1, 2), st.booleans()),
        st.just(Depthwise()),
        st.just(Separable()),
        st.just(Basic()),
        st.builds(Bottleneck, st.sampled_from([1, 2, 3]), st.sampled_from(["first", "filter"])),
        st.builds(Inverted, few, st.integers(0, 4)),
        st.builds(Inception, few, few, few, few, few, few),
    )


@st.composite
def pools(draw):
    size = draw(st.integers(1, 4))
    return Pool(
        size,
        draw(st.integers(1, 3)),
        draw(st.integers(0, size // 2)),
        draw(st.booleans()),
        draw(st.booleans()),
    )


@st.composite
def stages(draw):
    block = draw(blocks())
    plain = isinstance(block, Plain | Depthwise | Separable)
    width = 6 * draw(st.integers(1, 3))
    if isinstance(block, Inception):
        width = block.one + block.middle + block.large + block.project
    return Stage(
        depth=draw(st.integers(1, 3)),
        width=width,
        filter=draw(st.sampled_from([1, 2, 3, 5, 7] if plain else [1, 3, 5])),
        last_width=0 if isinstance(block, Inception) else 6 * draw(st.integers(1, 3)),
        stride=1 if isinstance(block, Inception) else draw(st.integers(1, 3)),
        pool=draw(st.none() | pools()),
        padding=draw(st.none() | st.integers(0, 3)) if plain else None,
        block=block,
        lrn=draw(st.sampled_from(["none", "none", "before", "after"])),
    )


@st.composite
def any_block_networks(draw):
    """Networks of blocks as they may be written down, whether their maps last or not."""
    side = draw(st.integers(6, 28))
    return Architecture(
        input=(6, side, draw(st.just(side) | st.integers(6, 28))),
        stages=tuple(draw(st.lists(stages(), min_size=1, max_size=3))),
        head=draw(heads()),
        classes=draw(st.integers(1, 9)),
        norm=draw(st.sampled_from(["batch", "none"])),
        activation=draw(st.sampled_from(ACTIVATIONS)),
    )


@st.composite
def block_networks(draw):
    """Networks of blocks that exist."""
    architecture = draw(any_block_networks())
    try:
        walk(architecture)
    except ArchitectureError:
        assume(False)
    return architecture
