"""Hypothesis strategies: networks that exist, spaces, and predictions."""

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from nas_tc.architecture import GAP, SPP, Architecture, Head, Pool, Stage, walk
from nas_tc.errors import ArchitectureError, SpaceError
from nas_tc.space import Space, StageChoices, count_networks

small = st.integers(1, 12)


def pools():
    return st.builds(Pool, size=st.integers(1, 3), stride=st.integers(1, 3))


@st.composite
def stages(draw):
    return Stage(
        depth=draw(st.integers(1, 4)),
        width=draw(small),
        filter=draw(st.sampled_from([1, 2, 3, 4, 5, 7])),
        last_width=draw(small),
        stride=draw(st.integers(1, 3)),
        pool=draw(st.none() | pools()),
        padding=draw(st.none() | st.integers(0, 3)),
    )


def heads():
    tiny_pyramid = st.builds(
        Head,
        pool=st.sampled_from(["average", "max"]),
        bins=st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple),
        hidden=st.lists(st.integers(1, 16), max_size=2).map(tuple),
        dropout=st.sampled_from([0.0, 0.5]),
    )
    return st.just(GAP) | tiny_pyramid


@st.composite
def any_architectures(draw):
    """Networks as they may be written down, whether their maps last or not."""
    side = draw(st.integers(4, 40))
    return Architecture(
        input=(draw(st.integers(1, 4)), side, draw(st.just(side) | st.integers(4, 40))),
        stages=tuple(draw(st.lists(stages(), min_size=1, max_size=4))),
        head=draw(heads()),
        classes=draw(st.integers(1, 12)),
        norm=draw(st.sampled_from(["batch", "none"])),
    )


@st.composite
def architectures(draw):
    """Networks that exist: no map shrinks to nothing."""
    architecture = draw(any_architectures())
    try:
        walk(architecture)
    except ArchitectureError:
        assume(False)
    return architecture


def _choices(elements, most=3):
    return st.lists(elements, min_size=1, max_size=most, unique=True).map(tuple)


BLOCKS = (
    "plain",
    "plain[groups=2]",
    "plain[nin]",
    "depthwise",
    "separable",
    "basic",
    "bottleneck[reduction=2]",
    "inverted[1]",
    "inverted[2,se=2]",
    "inception[1,1,2,1,1,2]",
)


@st.composite
def spaces(draw, blocks=True):
    """Small spaces, some with stages that may be left out, and of any block if `blocks`."""
    count = draw(st.integers(1, 3))
    may_end_from = draw(st.integers(1, 3))  # stages beyond this one may have a depth of 0
    shared = draw(_choices(st.sampled_from(BLOCKS), most=2)) if blocks else ()
    own = [draw(st.booleans()) if shared else True for _ in range(count)]
    found = []
    for number in range(count):
        depths = _choices(st.integers(1, 3))
        if number >= may_end_from:
            depths = depths.map(lambda some: (0, *some))
        names = _choices(st.sampled_from(BLOCKS), most=2) if blocks else st.just(("plain",))
        found.append(
            StageChoices(
                depth=draw(depths),
                width=draw(_choices(st.integers(1, 4))),
                last_width=draw(st.just(()) | _choices(st.integers(1, 4))),
                filter=draw(_choices(st.sampled_from([1, 2, 3, 7]), most=2)),
                stride=draw(_choices(st.integers(1, 3), most=2)),
                pool=("none",)
                if number == count - 1
                else draw(_choices(st.sampled_from(["none", "2/2", "3/2", "2/1"]), most=2)),
                block=draw(names) if own[number] else (),
                padding=draw(st.sampled_from([None, "half"])) if number == 0 else None,
            )
        )
    whole = {"blocks": () if all(own) else shared}
    if blocks:
        whole["resolutions"] = draw(st.just(()) | st.sampled_from([(5, 9), (9, 6, 4)]))
        whole["activations"] = draw(_choices(st.sampled_from(["relu", "silu"])))
        whole["heads"] = draw(st.just(()) | st.just(("gap", "gap[3]")))
        whole["dropouts"] = draw(st.just(()) | st.just((0.0, 0.5)))
    try:
        head = GAP if whole.get("heads") else draw(st.sampled_from([GAP, SPP]))
        space = Space("drawn", (2, 9, 9), head, tuple(found), classes=3, **whole)
        if space.resolutions:
            count_networks(space)
    except SpaceError:  # a block that does not fit, or a resolution without networks
        assume(False)
    return space


@st.composite
def predictions(draw, most=7):
    """Labels, predictions and the number of classes; some classes may lack either."""
    classes = draw(st.integers(2, most))
    number = st.integers(0, classes - 1)
    pairs = draw(st.lists(st.tuples(number, number), min_size=1, max_size=40))
    labels, predicted = np.array(pairs).T
    return labels, predicted, classes
