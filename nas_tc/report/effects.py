"""What mattered: the effect of each choice on the error, at equal cost.

The study's own surrogate, the Gaussian process that the sampler proposes with, is fitted to all
networks that were trained to the end. Generalised least squares with its covariance then gives the
effect of one choice beside the logarithm of the cost, which is held, and beside what the process
explains by all other choices. The effect is of networks in the upper third of the budget. The
expectations of the process alone have intervals that miss the truth (benchmarks/effects.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log2

import numpy as np

from nas_tc.architecture import Architecture
from nas_tc.report.effect_model import EffectModel, Floats
from nas_tc.report.study_space import space_of
from nas_tc.space import Space
from nas_tc.study import StudyRecord

_LEAST_TRIALS = 8  # as for a recommendation
_LOWER_END = 2 / 3  # of the budget


@dataclass(frozen=True, slots=True)
class Effect:
    """The effect of one choice on the error, at equal cost.

    Attributes:
        factor: What is chosen: "depth", "width", "filter", "stride", "pool" or another field of a
            stage.
        stage: Number of the stage, from 1; 0: of the whole network.
        step: Step that the effect is of, in words: "one layer more", "pooling 3/2".
        points: Change of the error by the step, percentage points; below 0 is better.
        within: Half the width of the 95 % interval, percentage points.
        importance: Standard deviation of the error that the choice makes among the networks of the
            space, percentage points.
    """

    factor: str
    stage: int
    step: str
    points: float
    within: float
    importance: float
    is_named: bool = False  # of a value without an order, against the others

    @property
    def is_clear(self) -> bool:
        """Whether the interval excludes 0."""
        return abs(self.points) > self.within

    @property
    def place(self) -> str:
        """The stage in words."""
        return f"stage {self.stage}" if self.stage else "the whole network"

    def __str__(self) -> str:
        where = f"{self.step} in {self.place}"
        if not self.is_clear:
            return f"{where}: {self.points:+.2f} ± {self.within:.2f} points, no clear effect"
        verb = "gains" if self.points < 0 else "loses"
        return f"{where} {verb} {abs(self.points):.2f} ± {self.within:.2f} points"


@dataclass(frozen=True, slots=True)
class Effects:
    """The effects of a study's choices.

    Attributes:
        least: Least multiply-adds of the networks that are compared.
        most: Most multiply-adds of them.
        trials: Number of networks that the surrogate learned from.
        near: Number of them within that range.
        found: The effects, the most important first.
    """

    least: int
    most: int
    trials: int
    near: int
    found: tuple[Effect, ...]

    @property
    def clear(self) -> tuple[Effect, ...]:
        """The clear effects; of a choice among named values, what gains if anything does."""
        clear = [effect for effect in self.found if effect.is_clear]
        gains = {(each.factor, each.stage) for each in clear if each.points < 0}
        return tuple(
            each
            for each in clear
            if each.points < 0 or not each.is_named or (each.factor, each.stage) not in gains
        )


def effects(record: StudyRecord) -> Effects | str:
    """The effects of all choices of the space; or, in words, why there are none.

    Args:
        record: Record of the study.
    """
    space = space_of(record.settings)
    if space is None:
        return "this version of nas-tc does not know the form of the study's space"
    names = {gene.name for gene in space.genes}
    if not names:
        return "the space has a single network"
    trained = [
        (trial.genes, error)
        for trial in record.complete
        if trial.repeat_of is None
        and set(trial.genes) == names
        and (error := trial.mean_val_error) is not None
    ]
    if len(trained) < _LEAST_TRIALS:
        return (
            f"{len(trained)} networks of the space are trained to the end; a model of the error "
            f"needs {_LEAST_TRIALS}"
        )
    most = record.settings["budget"]["complexity"]
    most = most or max(trial.complexity for trial in record.complete)
    least = int(most * _LOWER_END)
    model = EffectModel(space, trained, least, most)
    found = _all(space, model)
    if not found:
        return f"too few of the trained networks have {least:,} to {most:,} multiply-adds"
    return Effects(least, most, len(model.networks), model.near, tuple(found))


def _all(space: Space, model: EffectModel) -> list[Effect]:
    """Effects over the whole network and of each gene, the most important first."""
    found = []
    for factor, step, values in _of_networks(model.networks):
        found += _effect(model, factor, 0, step, values)
    for gene in space.genes:
        stage, _, field = gene.name.rpartition(".")
        digits = stage.removeprefix("stage")
        number = int(digits) if digits.isdigit() else 0  # 0: of the whole network
        chosen = [genes[gene.name] for genes in model.genes]
        if all(isinstance(choice, int) for choice in gene.choices):
            values, step = _steps(field, np.array(chosen, dtype=np.float64))
            found += _effect(model, field, number, step, values)
        else:
            for choice in gene.choices:
                is_it = np.array([value == choice for value in chosen], dtype=np.float64)
                found += _effect(model, field, number, _named(field, str(choice)), is_it, True)
    found.sort(key=lambda each: -each.importance)
    return found


def _of_networks(networks: Sequence[Architecture]) -> list[tuple[str, str, Floats]]:
    """What can be said of a network as a whole: factor, step in words, value of each network."""
    convs = [
        [(stage.filter, width) for stage in network.stages for width in stage.widths]
        for network in networks
    ]
    return [
        ("depth", "one layer more", np.array([float(network.depth) for network in networks])),
        (
            "width",
            "twice as many filters",
            np.array([np.mean([log2(width) for _, width in each]) for each in convs]),
        ),
        (
            "filter",
            "filters one pixel larger",
            np.array([np.mean([side for side, _ in each]) for each in convs]),
        ),
        (
            "stride",
            "one more layer with a stride",
            np.array([float(sum(s.stride > 1 for s in each.stages)) for each in networks]),
        ),
        (
            "pool",
            "one more pooling with a stride",
            np.array(
                [
                    float(sum(s.pool is not None and s.pool.stride > 1 for s in each.stages))
                    for each in networks
                ]
            ),
        ),
    ]


def _steps(field: str, chosen: Floats) -> tuple[Floats, str]:
    """The values of a numeric gene on the scale of its step, and the step in words."""
    match field:
        case "width" | "last_width":
            which = "filters" if field == "width" else "filters in the last layer"
            return np.log2(np.maximum(chosen, 1)), f"twice as many {which}"
        case "depth":
            return chosen, "one layer more"
        case "filter":
            return chosen, "filters one pixel larger"
        case "stride":
            return chosen, "a stride of 2 instead of 1"
        case "resolution":
            return np.log2(np.maximum(chosen, 1)), "images of twice the side"
    return np.log2(np.maximum(chosen, 1)), f"{field} twice as large"


def _named(field: str, choice: str) -> str:
    if field == "pool":
        return "no pooling" if choice == "none" else f"pooling {choice}"
    return f"{field} {choice}"


def _effect(
    model: EffectModel, factor: str, stage: int, step: str, values: Floats, is_named: bool = False
) -> list[Effect]:
    """The effect of a step, if enough networks differ in it."""
    found = model.effect(values)
    return [] if found is None else [Effect(factor, stage, step, *found, is_named)]
