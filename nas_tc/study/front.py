"""Fronts of a study's networks, over the error and any measures."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from nas_tc.architecture import Architecture
from nas_tc.cost.measures import MEASURES, Measure, parse_measure
from nas_tc.errors import NasTcError, unknown
from nas_tc.study.trial import TrialRecord

ERROR = "error"


def default_cost(settings: Mapping[str, Any]) -> str:
    """The cost of a study's own front: the first time that its budget limits, or the complexity."""
    times = settings["budget"].get("times", ())
    return str(times[0]["name"]) if times else "complexity"


def objective(trial: TrialRecord, name: str) -> float | None:
    """The value of an objective for a trial: less is better; None if it was not recorded.

    Args:
        trial: Any trial.
        name: "error", or a measure of `nas_tc.cost.measures`, with its batch if it depends on one:
            "params", "memory", "train_memory@b128", "latency@b8". The error is that of validation,
            0 to 1: the mean over the trainings of the network. The first trial of the network has
            it, and those that repeat it have none. A time without a batch is the first that was
            recorded.

    Raises:
        UnknownNameError: There is no such measure.
        NasTcError: A batch that the measure does not depend on, or one that it needs is missing.
    """
    if name == ERROR:
        return None if trial.repeat_of is not None else trial.mean_val_error
    if name in trial.times:
        return float(trial.times[name]["ms"])
    if name in ("complexity", "params"):  # which every trial has a record of
        return trial.complexity if name == "complexity" else trial.params
    measure, batch = _cost(name)
    if not measure.is_timed:
        return _by_formula(name, trial.architecture)
    for at_batch, figure in trial.times.items():
        if at_batch == measure.at_batch(batch) or (
            batch is None and at_batch.startswith(f"{name}@")
        ):
            return float(figure["ms"])
    return None


@lru_cache(maxsize=1 << 14)  # a report asks for each several times
def _by_formula(name: str, architecture: Architecture) -> float:
    """A cost that no trial has a record of."""
    measure, batch = _cost(name)
    return measure.of(architecture, batch or 1)


@lru_cache(maxsize=256)
def _cost(name: str) -> tuple[Measure, int | None]:
    measure, batch = parse_measure(name)
    if batch is None and measure.needs_batch and not measure.is_timed:
        raise NasTcError(f"{name} needs its batch, as in '{name}@b128'")
    return measure, batch


def check_objectives(names: Sequence[str], trials: Iterable[TrialRecord]) -> None:
    """Refuses objectives that make no front, or that no trial has.

    Args:
        names: Objectives, as `objective` takes them.
        trials: All trials that could be on the front.

    Raises:
        UnknownNameError: There is no such objective.
        NasTcError: One is named twice, there are fewer than two, the error is missing, a batch is
            missing or superfluous, or no trial has a record of a time.
    """
    known = list(trials)
    recorded = {name for trial in known for name in trial.times}
    for name in names:
        if name in recorded or name == ERROR:
            continue
        if name.partition("@")[0] not in MEASURES:
            costs = (*MEASURES, *sorted(recorded - set(MEASURES)))
            raise unknown("cost", name, costs if ERROR in names else (ERROR, *costs))
        measure, batch = _cost(name)
        if known and all(objective(trial, name) is None for trial in known):
            at_batch = "" if batch is None else f"@b{batch}"
            raise NasTcError(
                f"the study holds no {name}: times are recorded where the budget limits them, as "
                f"in '{measure.name}<=2ms{at_batch}'"
            )
    if len(set(names)) < len(names) or len(names) < 2 or ERROR not in names:
        raise NasTcError(
            f"objectives are the error and one cost or more, each once, not {','.join(names)!r}"
        )


def pareto_front(
    trials: Iterable[TrialRecord], objectives: Sequence[str] = (ERROR, "complexity")
) -> tuple[TrialRecord, ...]:
    """Trials that no other dominates: none is as good in all objectives, and better in one.

    The cheapest by the first cost comes first. Of several that are equal in all, the first is kept.
    A trial that lacks an objective is left out.

    Args:
        trials: Any trials.
        objectives: Names, as `objective` takes them.

    Raises:
        NasTcError: As `objective` does.
    """
    front, _ = _split(_valued(trials, objectives))
    return tuple(trial for _, trial in front)


def near_front(
    trials: Iterable[TrialRecord], objectives: Sequence[str], layers: int
) -> tuple[TrialRecord, ...]:
    """The front, then the front of the other trials, and so on.

    Args:
        trials: Any trials.
        objectives: Names, as `objective` takes them.
        layers: Number of fronts.

    Raises:
        NasTcError: As `objective` does.
    """
    left = _valued(trials, objectives)
    found: list[TrialRecord] = []
    for _ in range(layers):
        front, left = _split(left)
        found += [trial for _, trial in front]
    return tuple(found)


_Valued = tuple[tuple[float, ...], TrialRecord]  # a trial behind its objectives, the error last


def _valued(trials: Iterable[TrialRecord], objectives: Sequence[str]) -> list[_Valued]:
    """The trials that have all objectives, sorted by these, then by their numbers."""
    costs_first = [name for name in objectives if name != ERROR] + [ERROR]
    found: list[_Valued] = []
    for trial in trials:
        values = [objective(trial, name) for name in costs_first]
        known = tuple([value for value in values if value is not None])
        if len(known) == len(values):
            found.append((known, trial))
    found.sort(key=lambda each: (each[0], each[1].number))
    return found


def _split(sorted_trials: Sequence[_Valued]) -> tuple[list[_Valued], list[_Valued]]:
    """The front of sorted trials, and the others."""
    front: list[_Valued] = []
    others: list[_Valued] = []
    for each in sorted_trials:
        # What dominates a trial is sorted before it, and is on the front or dominated by it.
        (others if _is_dominated(each[0], front) else front).append(each)
    return front, others


def _is_dominated(values: tuple[float, ...], front: Sequence[_Valued]) -> bool:
    if len(values) == 2:  # the last member costs the most, and has the least error
        return bool(front) and front[-1][0][1] <= values[1]
    return any(all(a <= b for a, b in zip(other, values, strict=True)) for other, _ in front)
