"""A family: one design, at any size, for images of any size."""

from collections.abc import Callable
from dataclasses import dataclass

from nas_tc.architecture import Activation, Stage


@dataclass(frozen=True, slots=True)
class Size:
    """How large a network of a form is.

    Attributes:
        scale: the form's main axis, in the family's own steps: the width, as a rule.
        extra: units beyond the form's own depth.
    """

    scale: int
    extra: int = 0


@dataclass(frozen=True, slots=True)
class Form:
    """One layout of a family: where it subsamples, and how deep it is at least.

    Attributes:
        stages: of a size.
        smallest: the least scale that the form is used at.
        largest: the most.
        deepest: the most units beyond its own depth.
    """

    stages: Callable[[Size], tuple[Stage, ...]]
    smallest: int
    largest: int
    deepest: int = 0


@dataclass(frozen=True, slots=True)
class Family:
    """A known design and the rule by which it is scaled.

    Attributes:
        name: as the command line takes it.
        source: papers and tables.
        forms: for images of so many pixels a side, from the one that keeps the most resolution
            and depth to the one that keeps the least; empty where the images are too small.
        describe: a size in the family's own terms.
        activation: behind each convolution.
        needs_norm: whether it was designed around batch normalisation, and may not train without.
    """

    name: str
    source: str
    forms: Callable[[int], tuple[Form, ...]]
    describe: Callable[[Size], str]
    activation: Activation = "relu"
    needs_norm: bool = False
