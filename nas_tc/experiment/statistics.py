"""Differences paired by seed, their intervals, and what they say about a claim."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, stdev
from typing import Literal

from nas_tc.experiment.specification import Claim, Sign

Verdict = Literal["holds", "does not hold", "cannot be told"]
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Difference:
    """Mean difference of two networks' errors over the seeds that both were trained with.

    Attributes:
        mean: Error of the first less that of the second, mean over the seeds; 0 to 1.
        low: Lower end of Student's 95 % interval; None for fewer than two seeds.
        high: Upper end of it.
        count: Number of seeds.
    """

    mean: float
    low: float | None
    high: float | None
    count: int

    def __str__(self) -> str:
        """In points: "+1.20 (0.35 to 2.05)"."""
        if self.low is None or self.high is None:
            return f"{100 * self.mean:+.2f}"
        return f"{100 * self.mean:+.2f} ({100 * self.low:+.2f} to {100 * self.high:+.2f})"


@dataclass(frozen=True, slots=True)
class PairResult:
    """Our result on two neighbours of a claim's order.

    Attributes:
        first: Name of the first network.
        second: Name of the second.
        sign: What the claim says of their errors.
        paper: The paper's difference of errors, first less second, 0 to 1; None if not reported.
        difference: Ours; None if no seed has trained both.
        verdict: What the difference says about the sign.
    """

    first: str
    second: str
    sign: Sign
    paper: float | None
    difference: Difference | None
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class ClaimResult:
    """A claim, our results on it, and the verdict."""

    claim: Claim
    pairs: tuple[PairResult, ...]
    verdict: Verdict


def paired_difference(
    first: Mapping[int, float], second: Mapping[int, float], images: int
) -> Difference | None:
    """The mean difference, and its interval by Student's t for paired samples.

    Where all differences are alike by chance, the standard deviation is taken to be that of
    one image: an interval of no width would make two seeds certain.

    Args:
        first: Errors of the first network by seed, 0 to 1.
        second: Errors of the second network by seed.
        images: Number of images that the errors were measured on.

    Returns:
        The difference over the seeds that both have; None if there is no such seed.
    """
    differences = [first[seed] - second[seed] for seed in sorted(first.keys() & second.keys())]
    count = len(differences)
    if not count:
        return None
    mean = fmean(differences)
    if count == 1:
        return Difference(mean, None, None, 1)
    half = half_width(max(stdev(differences), 1 / images), count)
    return Difference(mean, mean - half, mean + half, count)


def half_width(deviation: float, count: int) -> float:
    """Half the width of Student's 95 % interval of a mean of `count` values, 2 or more."""
    from scipy.stats import t  # noqa: PLC0415 - slow to import

    return float(t.ppf((1 + CONFIDENCE) / 2, count - 1)) * deviation / sqrt(count)


def verdict_of(difference: Difference | None, sign: Sign, margin: float = 0.0) -> Verdict:
    """What a difference says about a claim of two networks' errors.

    "A > B" holds if the whole interval of A less B is above zero, and does not hold if it is
    below. "A ~ B" holds if it lies within the margin on both sides of zero, and does not hold if it
    lies beyond.

    Args:
        difference: Error of the first network less that of the second.
        sign: Sign of the claim.
        margin: For "~": difference below which two errors are about the same, 0 to 1.
    """
    if difference is None or difference.low is None or difference.high is None:
        return "cannot be told"
    low, high = difference.low, difference.high
    if sign == "<":
        low, high = -high, -low
    if sign == "~":
        holds, fails = -margin < low and high < margin, low > margin or high < -margin
    else:
        holds, fails = low > 0, high < 0
    return "holds" if holds else "does not hold" if fails else "cannot be told"


def judge(
    claim: Claim,
    errors: Mapping[str, Mapping[int, float]],
    paper: Mapping[str, float | None],
    images: int,
) -> ClaimResult:
    """Our results on a claim: on each two neighbours of its order, and on all of it.

    A claim holds if all its pairs hold, and does not hold if one of them does not.

    Args:
        claim: Claim of the paper.
        errors: Errors of each network by seed, 0 to 1.
        paper: Error of each network that the paper reports; None where it reports none.
        images: Number of images that the errors were measured on.
    """
    pairs = []
    for first, second, sign in zip(claim.names, claim.names[1:], claim.signs, strict=False):
        difference = paired_difference(errors[first], errors[second], images)
        ours, theirs = paper[first], paper[second]
        pairs.append(
            PairResult(
                first,
                second,
                sign,
                None if ours is None or theirs is None else ours - theirs,
                difference,
                verdict_of(difference, sign, claim.margin),
            )
        )
    return ClaimResult(claim, tuple(pairs), combined([pair.verdict for pair in pairs]))


def combined(verdicts: Sequence[Verdict]) -> Verdict:
    """The verdict on a chain: its weakest link."""
    for each in ("does not hold", "cannot be told"):
        if each in verdicts:
            return each
    return "holds"
