"""The range of a prediction's error: by earlier networks, and by what is known of its layers."""

from collections.abc import Callable, Iterable, Sequence
from math import exp, log, sqrt
from statistics import fmean, stdev

from nas_tc.latency.layer_signature import LayerSignature

FEWEST_CHECKS = 8  # for a range of errors by Student's t
_FEWEST_ORDERED = 20  # for a range that holds whatever the distribution of errors is
_COVERED = 0.9  # share of networks that a range holds
_GUESSED = 64  # layers that are guessed from others, to know the error of guesses
_LEAST = 0.05  # error of guesses, in logarithms

Timed = Sequence[tuple[LayerSignature, float]]
Guess = Callable[[LayerSignature], float | None]


def range_of_checks(checks: Iterable[tuple[float, float]]) -> tuple[float, float] | None:
    """Range of measured / predicted time for the next network; None before eight checks.

    It runs from the lowest to the highest of twenty checks, or from the second lowest to the second
    highest of forty: the next network lies outside with a probability of less than 10 %, whatever
    the distribution. Of fewer checks it is that of Student's t for their logarithms.

    Args:
        checks: Pairs of a predicted and a measured time.
    """
    ratios = sorted(measured / predicted for predicted, measured in checks)
    count = len(ratios)
    if count < FEWEST_CHECKS:
        return None
    if count < _FEWEST_ORDERED:
        from scipy.special import stdtrit  # noqa: PLC0415 - a worker has no use for scipy

        errors = [log(ratio) for ratio in ratios]
        half = stdev(errors) * sqrt(1 + 1 / count) * float(stdtrit(count - 1, (1 + _COVERED) / 2))
        return exp(fmean(errors) - half), exp(fmean(errors) + half)
    left_out = (count + 1) // _FEWEST_ORDERED - 1  # at each end
    return ratios[left_out], ratios[-1 - left_out]


def guess_error(timed: Timed, new_guess: Callable[[Timed], Guess]) -> float:
    """Error of guesses for layers that were never timed, in logarithms: nine of ten err by less.

    Every other layer is guessed from the rest.

    Args:
        timed: Signature and milliseconds of each layer that was timed.
        new_guess: Makes what guesses from some of them.
    """
    guess = new_guess(timed[::2])
    kinds = {signature.kind for signature, _ in timed[::2]}
    asked = [each for each in timed[1::2] if each[0].kind in kinds]
    asked = asked[:: max(1, len(asked) // _GUESSED)]
    return error_of(((guess(signature), ms) for signature, ms in asked), otherwise=1.0)


def error_of(pairs: Iterable[tuple[float | None, float]], *, otherwise: float) -> float:
    """The error that nine of ten guesses stay below, in logarithms.

    Args:
        pairs: Guessed and measured milliseconds; without a guess a pair does not count.
        otherwise: Error if there are hardly any.
    """
    errors = sorted(abs(log(max(ms, 1e-6) / guess)) for guess, ms in pairs if guess)
    if len(errors) < FEWEST_CHECKS:
        return otherwise
    return max(errors[int(_COVERED * len(errors))], _LEAST)
