"""The network to take from a study in which every error was measured only once.

The best of many noisy errors is often the luckiest. Each observed error is therefore shrunk towards
the expectation of a model of all trials, and the least expected error is recommended.
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

_LEAST = 8  # fewest trials for a model
_MOST = 300  # most trials to choose the model's variances on
_MOST_LEARNED = 1000  # most trials that the model is fitted to: its time grows with their cube


@dataclass(frozen=True, slots=True)
class Tried:
    """A setting that was run to the end."""

    number: int  # number of its trial
    params: "Params"
    cost: float
    error: float  # observed error, 0 to 1
    trainings: int = 1  # number of trainings that the error is the mean of


@dataclass(frozen=True, slots=True)
class Recommendation:
    """The recommended trial within a budget, and the evidence.

    Attributes:
        choice: Recommended trial.
        expected: Expected error of the choice, 0 to 1: between its observed error and the errors of
            similar settings.
        spread: Standard deviation of the expected error; None if no model covers the choice, and
            `expected` is the observed error.
        noise: Standard deviation of one observed error; None likewise.
        within: Number of trials within the budget.
        trials: Number of trials that a model could learn from.
        best_observed: Trial with the least observed error within the budget.
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
        """Whether the choice also has the least observed error."""
        return self.choice.number == self.best_observed.number

    def __str__(self) -> str:
        return self.in_words()

    def in_words(self, metric: str = "error") -> str:
        """The choice and its evidence.

        Args:
            metric: Name of what is minimised.
        """
        parts = [f"trial {self.choice.number}: observed {metric} {self.choice.error:.2%}"]
        if self.choice.trainings > 1:
            parts[0] += f" (mean of {self.choice.trainings} trainings)"
        if self.spread is None:
            why = "too few for a model" if self.trials < _LEAST else "no model covers it"
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
    """The trial with the least expected error within a budget.

    Args:
        tried: All trials that ended. The model learns from those beyond the budget, too. If a
            setting is there several times, the number of its first trial stands for it.
        distributions: Distributions of the parameters, by name.
        most: Greatest cost of the choice.
        least: Least cost of the choice.
        among: Numbers of the trials to choose from, at least one within the budget; None: all.

    Raises:
        StudyError: No trial is within the budget.
    """
    count = sum(least <= each.cost <= most for each in tried)
    within = _within(tried, most, least)
    best = min(within, key=lambda each: (each.error, each.cost))
    if len(tried) < _LEAST or not distributions:
        learned = len(tried) if distributions else 0
        return Recommendation(best, best.error, None, None, count, learned, best)
    # Loading SciPy takes longer than reading a study, and a small study needs no model.
    from nas_tc.sampler.candidates import Candidates, features_of  # noqa: PLC0415
    from nas_tc.sampler.surrogate import Sample, Surrogate  # noqa: PLC0415

    modelled = _learned(tried)
    costliest = max(each.cost for each in tried)
    costs = {id(each.params): each.cost for each in tried}
    points = Candidates(
        distributions, lambda params: costs[id(params)], costliest, lambda params: params
    )
    features = features_of(points.all_of([each.params for each in modelled]))
    errors = np.array([each.error for each in modelled])
    sample = Sample(features, errors, np.zeros(len(modelled)))
    some = np.linspace(0, len(modelled) - 1, min(len(modelled), _MOST)).astype(int)
    model = Surrogate(len(distributions))
    model.fit(sample, lambda _: Sample(features[some], errors[some], sample.spreads[some]))
    open_ = [each for each in within if among is None or each.number in among] or within
    mean, deviation = model.predict(features_of(points.all_of([each.params for each in open_])))
    place = int(np.argmin(mean))
    return Recommendation(
        choice=open_[place],
        expected=float(model.scale.back(mean[place : place + 1])[0]),
        spread=float(deviation[place]) * model.scale.unit * exp(max(0.0, float(mean[place]))),
        noise=model.noise,
        within=count,
        trials=len(modelled),
        best_observed=best,
    )


def _learned(tried: Sequence[Tried]) -> list[Tried]:
    """The trials that a model is fitted to: all, or of many the best and an even share."""
    if len(tried) <= _MOST_LEARNED:
        return list(tried)
    errors = np.array([each.error for each in tried])
    best = np.argsort(errors, kind="stable")[: _MOST_LEARNED // 2]
    even = np.linspace(0, len(tried) - 1, _MOST_LEARNED // 2).astype(int)
    return [tried[place] for place in np.union1d(best, even).tolist()]


def recommend_network(
    trials: Sequence[TrialRecord],
    most: float = float("inf"),
    *,
    least: float = 0.0,
    among: Collection[int] | None = None,
) -> Recommendation:
    """The network of a study with the least expected error within a budget of multiply-adds.

    The model covers only networks of the space. A network out of the space is judged by its
    observed error: it is taken if there is no model, or if its error is below the expected error of
    the model's choice by more than the noise of one error.

    Args:
        trials: Trials of one study; the complete ones count.
        most: Greatest complexity of the choice, multiply-adds.
        least: Least complexity of the choice, multiply-adds.
        among: Numbers of the trials to choose from, such as those of the front, whose weights are
            kept; None: all.

    Raises:
        StudyError: No complete trial is within the budget.
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
    """The settings within a budget, each once, from `_gathered`.

    Args:
        tried: Trials that ended.
        most: Greatest cost.
        least: Least cost.

    Raises:
        StudyError: No trial is within the budget.
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
