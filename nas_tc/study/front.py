"""Which networks does no other beat? Fronts over errors and any recorded costs."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from nas_tc.cost.memory import inference_bytes
from nas_tc.errors import NasTcError, unknown
from nas_tc.study.trial import TrialRecord

ERROR = "error"
FORMULAS = ("complexity", "params", "memory")
TIMES = ("latency", "train_step")
OBJECTIVES = (ERROR, *FORMULAS, *TIMES)


def default_cost(settings: Mapping[str, Any]) -> str:
    """What a study's front sets against the error: its limit on time if it has one."""
    times = settings["budget"].get("times", ())
    return str(times[0]["name"]) if times else "complexity"


def objective(trial: TrialRecord, name: str) -> float | None:
    """What a trial has of an objective: the less the better; None if it is not known.

    Args:
        trial: any.
        name: "error" (of validation, 0 to 1: the mean over the trainings of the network, which the
            first trial of it has, and none of those that repeat that one), "complexity",
            "params", "memory" (bytes at the peak of a forward pass of one image), or a time in
            milliseconds: "latency", or with its batch as in "train_step@b128"; without the batch
            the first that was recorded.
    """
    match name:
        case "error":
            return None if trial.repeat_of is not None else trial.mean_val_error
        case "complexity":
            return trial.complexity
        case "params":
            return trial.params
        case "memory":
            return inference_bytes(trial.architecture)
    for recorded, figure in trial.times.items():
        if recorded == name or recorded.partition("@")[0] == name:
            return float(figure["ms"])
    return None


def check_objectives(names: Sequence[str], trials: Iterable[TrialRecord]) -> None:
    """Refuses what no trial has.

    Raises:
        UnknownNameError: not an objective.
        NasTcError: one named twice, fewer than two, the error missing, or a time that was not
            recorded.
    """
    known = list(trials)
    recorded = {name for trial in known for name in trial.times}
    for name in names:
        if name not in OBJECTIVES and name not in recorded:
            raise unknown("cost", name, (*OBJECTIVES, *sorted(recorded - set(OBJECTIVES))))
        if known and all(objective(trial, name) is None for trial in known) and name != ERROR:
            raise NasTcError(
                f"the study holds no {name}: it was recorded for budgets that limit it, as in "
                f"'{name}<=...'"
            )
    if len(set(names)) < len(names) or len(names) < 2 or ERROR not in names:
        raise NasTcError(
            f"objectives are the error and one cost or more, each once, not {','.join(names)!r}"
        )


def pareto_front(
    trials: Iterable[TrialRecord], objectives: Sequence[str] = (ERROR, "complexity")
) -> tuple[TrialRecord, ...]:
    """Trials that no other beats: none is as good in all objectives, and better in one.

    Cheapest first by the first cost. Of several that are equal in all, the first is kept. A trial
    that lacks an objective is left out.

    Args:
        trials: any.
        objectives: names, as `objective` takes them.
    """
    costs_first = [name for name in objectives if name != ERROR] + [ERROR]
    found = []
    for trial in trials:
        values = tuple(objective(trial, name) for name in costs_first)
        if None not in values:
            found.append((values, trial.number, trial))
    found.sort(key=lambda each: each[:2])
    front: list[tuple[tuple[Any, ...], TrialRecord]] = []
    for values, _, trial in found:
        # Whatever beats it was sorted before it; what is beaten is beaten by one of the front.
        if not any(all(a <= b for a, b in zip(other, values, strict=True)) for other, _ in front):
            front.append((values, trial))
    return tuple(trial for _, trial in front)


def near_front(
    trials: Iterable[TrialRecord], objectives: Sequence[str], layers: int
) -> tuple[TrialRecord, ...]:
    """The front, the front of what remains without it, and so on: so many layers of it.

    Args:
        trials: any.
        objectives: names, as `objective` takes them.
        layers: how many.
    """
    left = list(trials)
    found: list[TrialRecord] = []
    for _ in range(layers):
        front = pareto_front(left, objectives)
        found += front
        numbers = {trial.number for trial in front}
        left = [trial for trial in left if trial.number not in numbers]
    return tuple(found)
