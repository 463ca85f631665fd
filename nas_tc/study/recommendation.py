"""Which of the networks that were trained to take, when every error was measured but once.

The best of many noisy errors is often the luckiest. Each observed error is therefore shrunk towards
what the model of all trials expects there; the least expected error is recommended.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp
from statistics import fmean
from typing import TYPE_CHECKING, Any

import numpy as np
from optuna.distributions import BaseDistribution, CategoricalDistribution

from nas_tc.errors import StudyError
from nas_tc.study.trial import TrialRecord

if TYPE_CHECKING:
    from nas_tc.sampler.distributions import Params

_LEAST = 8  # trials before a model says more than the observed errors
_MOST = 300  # that the variances are chosen on


@dataclass(frozen=True, slots=True)
class Tried:
    """A setting that was run to the end."""

    number: int  # of its trial
    params: "Params"
    cost: float
    error: float  # as it was observed
    trainings: int = 1  # that the error is the mean of


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What to take within a budget, and why.

    Attributes:
        choice: what is recommended.
        expected: its error as the model expects it, between what was observed and what its
            likes have.
        spread: standard deviation of that; None where no model speaks of the choice, and
            `expected` is what was observed.
        noise: standard deviation of one observed error; None likewise.
        within: trials within the budget.
        trials: all that a model could learn from.
        best_observed: the trial with the least observed error within the budget.
    """

    choice: Tried
    expected: float
    spread: float | None
    noise: float | None
    within: int
    trials: int
    best_observed: Tried

    @property
    def is_best_observed(self) -> bool:
        """Whether the choice is also what was observed to be best."""
        return self.choice.number == self.best_observed.number

    def __str__(self) -> str:
        parts = [f"trial {self.choice.number}: observed error {self.choice.error:.2%}"]
        if self.choice.trainings > 1:
            parts[0] += f" (mean of {self.choice.trainings} trainings)"
        if self.spread is None:
            why = "too few for a model" if self.trials < _LEAST else "no model speaks of it"
            parts.append(f"the least of {self.within}; {why}")
        else:
            parts.append(f"expected {self.expected:.2%} ± {self.spread:.2%}".replace("% ±", " ±"))
            parts.append(f"by a model of {self.trials} trials")
            best = self.best_observed
            parts.append(
                f"also the best observed of {self.within}"
                if self.is_best_observed
                else f"rather than the best observed, trial {best.number} with {best.error:.2%}"
            )
        return ", ".join(parts).replace("%", " %")


def recommend(
    tried: Sequence[Tried],
    distributions: Mapping[str, BaseDistribution],
    most: float = float("inf"),
    *,
    least: float = 0.0,
    among: Collection[int] | None = None,
) -> Recommendation:
    """What to take of what was tried.

    Args:
        tried: all trials that ended, those beyond the budget included: the model learns of them.
            A setting may be there several times; it is then chosen by its first trial's number.
        distributions: of the parameters.
        most: that the choice may cost.
        least: that it has to.
        among: numbers of the trials that may be the choice, at least one within the budget; None:
            all.

    Raises:
        StudyError: nothing that was tried is within the budget.
    """
    count = sum(least <= each.cost <= most for each in tried)
    within = _within(tried, most, least)
    best = min(within, key=lambda each: (each.error, each.cost))
    if len(tried) < _LEAST or not distributions:
        learned = len(tried) if distributions else 0
        return Recommendation(best, best.error, None, None, count, learned, best)
    # Loading scikit-learn takes longer than reading a study, and a small study needs no model.
    from nas_tc.sampler.candidates import Candidates, rows  # noqa: PLC0415
    from nas_tc.sampler.surrogate import Sample, Surrogate  # noqa: PLC0415

    costliest = max(each.cost for each in tried)
    costs = {id(each.params): each.cost for each in tried}
    points = Candidates(
        distributions, lambda params: costs[id(params)], costliest, lambda params: params
    )
    features = rows([points.of(each.params) for each in tried])
    errors = np.array([each.error for each in tried])
    sample = Sample(features, errors, np.zeros(len(tried)))
    some = np.linspace(0, len(tried) - 1, min(len(tried), _MOST)).astype(int)
    model = Surrogate(len(distributions))
    model.fit(sample, lambda _: Sample(features[some], errors[some], sample.spreads[some]))
    open_ = [each for each in within if among is None or each.number in among] or within
    mean, deviation = model.predict(rows([points.of(each.params) for each in open_]))
    place = int(np.argmin(mean))
    return Recommendation(
        choice=open_[place],
        expected=float(model.scale.back(mean[place : place + 1])[0]),
        spread=float(deviation[place]) * model.scale.unit * exp(max(0.0, float(mean[place]))),
        noise=model.noise,
        within=count,
        trials=len(tried),
        best_observed=best,
    )


def recommend_network(
    trials: Sequence[TrialRecord],
    most: float = float("inf"),
    *,
    least: float = 0.0,
    among: Collection[int] | None = None,
) -> Recommendation:
    """Which network of a study to take within a budget of multiply-adds.

    A model speaks of the networks of the space alone. Another, which the search was started with,
    is taken by its observed error: if there is no model, or if it is below what the model expects
    of its choice by more than the noise of one error.

    Args:
        trials: of one study; the complete ones count.
        most: multiply-adds that it may have.
        least: multiply-adds that it must have.
        among: numbers of the trials that may be the choice: the front, say, whose weights are
            kept; None: all.

    Raises:
        StudyError: no complete trial is within the budget.
    """
    complete = [each for each in trials if each.state == "complete" and each.val_error is not None]
    genes = sorted({gene for each in complete for gene in each.genes})
    tried = [
        Tried(each.number, dict(each.genes), each.complexity, each.val_error)
        for each in complete
        if each.val_error is not None
    ]
    within = _within(tried, most, least)
    best = min(within, key=lambda each: (each.error, each.cost))
    members = [each for each in tried if genes and len(each.params) == len(genes)]
    observed = Recommendation(best, best.error, None, None, len(within), len(members), best)
    if len(members) < _LEAST or not any(least <= each.cost <= most for each in members):
        return observed
    distributions = {
        gene: CategoricalDistribution(sorted({each.params[gene] for each in members}, key=_order))
        for gene in genes
    }
    found = recommend(members, distributions, most, least=least, among=among)
    assert found.noise is not None
    if len(best.params) != len(genes) and best.error + found.noise < found.expected:
        return observed
    return replace(found, within=len(within), best_observed=best)


def _gathered(tried: Sequence[Tried]) -> list[Tried]:
    """Each setting once, under the number of its first trial, with the mean of its errors."""
    errors: dict[object, list[float]] = {}
    first: dict[object, Tried] = {}
    for each in tried:
        key = tuple(sorted(each.params.items())) or each.number
        errors.setdefault(key, []).append(each.error)
        first.setdefault(key, each)
    return [
        replace(each, error=fmean(errors[key]), trainings=len(errors[key]))
        for key, each in first.items()
    ]


def _within(tried: Sequence[Tried], most: float, least: float) -> list[Tried]:
    """The settings within a budget, each once, as `_gathered` has them.

    Raises:
        StudyError: there is none.
    """
    within = [each for each in _gathered(tried) if least <= each.cost <= most]
    if not within:
        raise StudyError(
            f"none of {len(tried)} complete trials costs at most {most:g}; recommend at a higher "
            "budget, or search within this one"
        )
    return within


def _order(choice: Any) -> tuple[bool, Any]:
    """Numbers by size, then words."""
    return isinstance(choice, str), choice
