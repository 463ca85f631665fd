"""The arguments of a search: what follows from them, and what makes no search."""

from collections.abc import Sequence
from pathlib import Path

from nas_tc.budget import IT
from nas_tc.errors import NasTcError
from nas_tc.reading import OwnNetwork, own_network
from nas_tc.space import Reach, Space

_SPACE = "plain-32"


def resolved(
    budget: str | None,
    space: str | Path | Space | None,
    around: str | OwnNetwork | None,
    reach: Sequence[str] | Reach,
) -> tuple[str, str | Path | Space, OwnNetwork | None]:
    """Budget, space and network of a search, with what follows from the network.

    Args:
        budget: Budget, if one was given.
        space: Space, if one was given.
        around: Network to beat, if one was given.
        reach: Bounds of the space around it.

    Raises:
        NasTcError: Something is missing, or has no effect.
    """
    if around is None:
        if budget is None:
            raise NasTcError("give a --budget, as in alexnet*0.6, or a network with --around")
        if reach:
            raise NasTcError("--reach bounds the space around a network; give it with --around")
        return budget, space or _SPACE, None
    if space is not None and reach:
        raise NasTcError(
            "--reach bounds the space around a network, and --space gives one; leave one out"
        )
    own = own_network(around) if isinstance(around, str) else around
    bounds = reach if isinstance(reach, Reach) else Reach.parse(reach)
    return budget or IT, space or own.space(bounds), own


def check_numbers(
    trials: int | None,
    workers: int | None,
    reruns: int,
    per_gpu: int,
    trial_timeout_s: float | None,
    retries: int,
) -> None:
    """Refuses numbers that make no search.

    Args:
        trials: As for `nas_tc.search.api.search`, and so are the others.
        workers: Number of workers.
        reruns: Number of reruns.
        per_gpu: Number of networks a GPU.
        trial_timeout_s: Longest time for a rung, seconds.
        retries: Number of times that a network is tried again.

    Raises:
        NasTcError: One of them is too small.
    """
    if trials is not None and trials < 1:
        raise NasTcError(f"trials must be 1 or more, not {trials}")
    if workers is not None and workers < 1:
        raise NasTcError(f"workers must be 1 or more, not {workers}")
    if reruns < 0:
        raise NasTcError(f"reruns must be 0 or more, not {reruns}")
    if retries < 0:
        raise NasTcError(f"retries must be 0 or more, not {retries}")
    if per_gpu < 1:
        raise NasTcError(f"per_gpu must be 1 or more, not {per_gpu}")
    if trial_timeout_s is not None and not trial_timeout_s > 0:
        raise NasTcError(f"trial_timeout_s must be more than 0, not {trial_timeout_s:g}")
