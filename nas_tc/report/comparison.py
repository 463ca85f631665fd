"""Two studies side by side: fronts, hypervolume, and the settings that differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log2
from typing import Any

from nas_tc.errors import NasTcError, StudyError, UnknownNameError
from nas_tc.report.plot import budget_limit
from nas_tc.study import StudyRecord, TrialRecord, objective, pareto_front
from nas_tc.study.comparison import training_difference
from nas_tc.study.front import check_objectives

_BUDGETS = 6  # costs at which the best networks are compared


@dataclass(frozen=True, slots=True)
class AtCost:
    """The best network of each study within a cost; None where it has none."""

    most: float
    best: tuple[TrialRecord | None, TrialRecord | None]


@dataclass(frozen=True, slots=True)
class StudyComparison:
    """What two studies found.

    Attributes:
        studies: Both records.
        cost: Cost that both have, by which the fronts are compared.
        fronts: Fronts by validation error and this cost.
        hypervolumes: Share that each front dominates of the area from the cheapest network of both
            to the larger budget (in octaves of the cost; without a budget for this cost, to the
            costliest network) and below the error of the majority class, 0 to 1.
        at_costs: Best networks within some costs, from cheap to costly.
        settings: Settings that differ: name, and the value of each study.
        unlike: Why the errors of the studies cannot be compared, in words; None if they can.
    """

    studies: tuple[StudyRecord, StudyRecord]
    cost: str
    fronts: tuple[tuple[TrialRecord, ...], tuple[TrialRecord, ...]]
    hypervolumes: tuple[float, float]
    at_costs: tuple[AtCost, ...]
    settings: tuple[tuple[str, Any, Any], ...]
    unlike: str | None

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return {
            "cost": self.cost,
            "errors_comparable": self.unlike is None,
            **({} if self.unlike is None else {"why_not": self.unlike}),
            "studies": [
                {
                    "study": str(record.path),
                    "trials": len(record.trials),
                    "hypervolume": round(volume, 5),
                    "front": [_point(trial, self.cost) for trial in front],
                }
                for record, front, volume in zip(
                    self.studies, self.fronts, self.hypervolumes, strict=True
                )
            ],
            "at_costs": [
                {
                    "most": row.most,
                    "best": [
                        None if each is None else _point(each, self.cost) for each in row.best
                    ],
                }
                for row in self.at_costs
            ],
            "settings": {name: [one, other] for name, one, other in self.settings},
        }


def compare_studies(
    one: StudyRecord, other: StudyRecord, cost: str | None = None
) -> StudyComparison:
    """Compares two studies.

    Args:
        one: First study.
        other: Second study.
        cost: Cost of the fronts; None: that of the studies if they have the same, else complexity.

    Raises:
        StudyError: A study has no network that is trained to the end and has this cost.
        NasTcError: There is no such cost.
    """
    if cost is None:
        same = one.objectives == other.objectives
        cost = one.objectives[1] if same else "complexity"
    for record in (one, other):
        _check_cost(record, cost)
    fronts = tuple(pareto_front(each.complete, ("error", cost)) for each in (one, other))
    for record, front in zip((one, other), fronts, strict=True):
        if not front:
            raise StudyError(f"{record.path}: no network with a {cost} is trained to the end yet")
    points = [[(_value(t, cost), t.mean_val_error or 0.0) for t in front] for front in fronts]
    every = [point for front in points for point in front]
    least, most = min(c for c, _ in every), max(c for c, _ in every)
    limits = [budget_limit(each, cost) or most for each in (one, other)]
    end = max(most, *limits)
    worst = max(*map(_majority, (one, other)), *(error for _, error in every))
    volumes = [_hypervolume(front, least, end, worst) for front in points]
    return StudyComparison(
        (one, other),
        cost,
        (fronts[0], fronts[1]),
        (volumes[0], volumes[1]),
        tuple(_at_costs(fronts, cost, least, most)),
        tuple(settings_that_differ(one.settings, other.settings)),
        training_difference(dict(one.settings), dict(other.settings)),
    )


def settings_that_differ(
    one: Mapping[str, Any], other: Mapping[str, Any], before: str = ""
) -> list[tuple[str, Any, Any]]:
    """Names and both values of all settings that differ, of nested ones as "recipe.epochs".

    Args:
        one: First settings.
        other: Second settings.
        before: Name of what holds them, with a dot.
    """
    found = []
    for name in dict.fromkeys((*one, *other)):
        a, b = one.get(name), other.get(name)
        if isinstance(a, Mapping) and isinstance(b, Mapping):
            found += settings_that_differ(a, b, f"{before}{name}.")
        elif a != b:
            found.append((f"{before}{name}", a, b))
    return found


def _check_cost(record: StudyRecord, cost: str) -> None:
    """Refuses a cost that there is not, or that no network of the study has."""
    try:
        check_objectives(("error", cost), record.complete)
    except UnknownNameError:
        raise
    except NasTcError as error:
        raise StudyError(f"{record.path}: {error}") from None


def _hypervolume(
    front: Sequence[tuple[float, float]], least: float, most: float, worst: float
) -> float:
    """Share of the area that a front dominates; see `StudyComparison`."""
    width = log2(most / least) if least > 0 and most > least else 0.0
    if not width or not worst:
        return 1 - min(error for _, error in front) / worst if worst else 1.0
    area, ends = 0.0, [*(cost for cost, _ in front[1:]), most]
    for (cost, error), end in zip(front, ends, strict=True):
        area += log2(end / cost) * (worst - error)
    return area / (width * worst)


def _at_costs(
    fronts: Sequence[Sequence[TrialRecord]], cost: str, least: float, most: float
) -> list[AtCost]:
    found = []
    for step in range(_BUDGETS):
        limit = most * (least / most) ** (1 - (step + 1) / _BUDGETS)
        best = [
            min(
                (trial for trial in front if _value(trial, cost) <= limit * (1 + 1e-9)),
                key=lambda trial: trial.mean_val_error or 0.0,
                default=None,
            )
            for front in fronts
        ]
        found.append(AtCost(limit, (best[0], best[1])))
    return found


def _majority(record: StudyRecord) -> float:
    """Validation error of always predicting the most common class; 0 if the study has none."""
    kept = record.majority
    return 0.0 if kept is None else kept["validation"]


def _value(trial: TrialRecord, cost: str) -> float:
    return float(objective(trial, cost) or 0.0)


def _point(trial: TrialRecord, cost: str) -> dict[str, Any]:
    return {
        "trial": trial.number,
        "network": trial.network,
        cost: objective(trial, cost),
        "val_error": trial.mean_val_error,
        "test_error": trial.test_error,
    }
