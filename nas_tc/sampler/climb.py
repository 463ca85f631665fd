"""More candidates of a high gain, found by small steps from the best ones so far."""

from collections.abc import Callable, Sequence, Set

import numpy as np

from nas_tc.sampler.candidates import Candidate, Key, distinct
from nas_tc.sampler.constraints import Constraints
from nas_tc.sampler.distributions import Floats
from nas_tc.sampler.mutations import mutations

_STEPS = 4
_PARENTS = 12  # at each step
_CHILDREN = 8  # tries for each parent

Gain = Callable[[Sequence[Candidate]], Floats]


def climbed(
    constraints: Constraints,
    candidates: Sequence[Candidate],
    gain: Gain,
    seen: Set[Key],
    random: np.random.Generator,
) -> tuple[list[Candidate], Floats]:
    """The candidates, and what mutations of the best of them lead to.

    Uniform samples of a large space hardly ever hit what a model takes for best, and mutations of
    tried settings stay near these. So the best candidates are mutated, the best of all again, and
    so on: the settings may differ from all tried ones in as many parameters as the model dares.

    Args:
        constraints: Constraints on settings.
        candidates: Settings to begin with, at least one.
        gain: Function that gives the gains of settings, shape (settings,), higher is better.
        seen: Keys of settings that are not wanted.
        random: Source of the mutations.

    Returns:
        The settings, without doubles, and their gains, shape (settings,).
    """
    found = list(candidates)
    gains = gain(found)
    known = {each.key for each in found} | seen
    for _ in range(_STEPS):
        best = np.argsort(-gains, kind="stable")[:_PARENTS]
        parents = [found[place] for place in best.tolist()]
        children = distinct(mutations(constraints, parents, _CHILDREN, random), known)
        if not children:
            break
        known |= {each.key for each in children}
        found += children
        gains = np.concatenate([gains, gain(children)])
    return found, gains
