"""What is whole in the rows of a damaged study."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, get_type_hints

from optuna.trial import FrozenTrial, TrialState, create_trial

from nas_tc.architecture import Architecture
from nas_tc.cost import network_cost
from nas_tc.errors import NasTcError
from nas_tc.recipe import Recipe
from nas_tc.study import schema
from nas_tc.study.attributes import ARCHITECTURE_KEY, TRAIN_LOSSES_KEY, confusion_key
from nas_tc.study.checks import (
    DamageError,
    Genes,
    check_attributes,
    check_confusion,
    check_trial,
    gene_choices,
    is_whole,
)
from nas_tc.study.rows import StudyRows, TrialRows

_TYPES = get_type_hints(schema.TrialAttributes, include_extras=True)
_STUDY_TYPES = get_type_hints(schema.StudyAttributes, include_extras=True)
_MOST_TRIALS = 1_000_000


def whole_trials(
    rows: StudyRows, settings: Mapping[str, Any], dropped: list[str]
) -> list[FrozenTrial | None]:
    """The trials in the order of their numbers; None for one that is lost.

    Args:
        rows: Rows of the study.
        settings: Settings of the study.
        dropped: Receives a line for each value that a trial loses.
    """
    found: dict[int, FrozenTrial] = {}
    genes, epochs = gene_choices(settings), Recipe.from_dict(settings["recipe"]).epochs
    numbers = {-1}
    for row, values in rows.trials.items():
        # A study file has one study, so that its trials are numbered as their rows.
        number = values.number if isinstance(values.number, int) else row - 1
        if 0 <= number < _MOST_TRIALS and number not in found:
            numbers.add(number)
            with suppress(NasTcError, ValueError, TypeError, LookupError):
                found[number] = _whole_trial(values, number, genes, epochs, dropped)
    return [found.get(number) for number in range(max(numbers) + 1)]


def _whole_trial(
    rows: TrialRows, number: int, genes: Genes, epochs: int, dropped: list[str]
) -> FrozenTrial:
    """A trial as it was, without the values that are damaged; raises if too little is left."""
    attributes = dict(rows.user_attrs)
    for name in _TYPES.keys() & attributes.keys():
        if not is_whole(attributes[name], _TYPES[name]):
            del attributes[name]
            dropped.append(f"trial {number}: {name}")
    if ARCHITECTURE_KEY in attributes:
        cost = network_cost(Architecture.from_dict(attributes[ARCHITECTURE_KEY]))
        attributes |= {"complexity": cost.complexity, "params": cost.params}
    errors, losses = dict(rows.errors), attributes.get(TRAIN_LOSSES_KEY, {})
    last = max((*errors, *map(int, losses)), default=0)
    state = _state(rows, last, epochs)
    if state == TrialState.COMPLETE:
        errors.setdefault(max(last, epochs), rows.value)
    elif state == TrialState.PRUNED and last > 0 and rows.value is not None:
        errors.setdefault(last, rows.value)
    trial = create_trial(
        state=state,
        value=errors[max(errors)] if state == TrialState.COMPLETE else None,
        params={name: chosen for name, (chosen, _) in rows.params.items()},
        distributions={name: options for name, (_, options) in rows.params.items()},
        user_attrs=attributes,
        system_attrs=rows.system_attrs,
        intermediate_values=errors,
    )
    check_trial(trial, genes)
    return trial


def _state(rows: TrialRows, last: int, epochs: int) -> TrialState:
    """The state of a trial; of one that has lost it, what is left of its training shows.

    Args:
        rows: Rows of the trial.
        last: Epochs that it was trained for.
        epochs: Epochs of a whole training.
    """
    if rows.state in TrialState.__members__:
        return TrialState[str(rows.state)]
    if last >= epochs:
        return TrialState.COMPLETE
    return TrialState.PRUNED if last and rows.value is not None else TrialState.FAIL


def whole_attributes(
    attributes: Mapping[str, Any], trials: int, classes: int, dropped: list[str]
) -> dict[str, Any]:
    """The attributes of a study without what is damaged; its settings are not among them.

    Args:
        attributes: Attributes as they are.
        trials: Number of trials.
        classes: Number of classes.
        dropped: Receives a line for each value that is damaged.
    """
    kept: dict[str, Any] = {}
    for name in _STUDY_TYPES.keys() & attributes.keys():
        value = attributes[name]
        entries = {key: {key: each} for key, each in value.items()} if type(value) is dict else {}
        whole = [each for each in entries.values() if _is_whole_of_study(name, each)]
        if _is_whole_of_study(name, value):
            kept[name] = value
        else:
            dropped.append(f"study: {len(entries) - len(whole) or 'all'} of {name}")
            if whole:
                kept[name] = {key: each for entry in whole for key, each in entry.items()}
    for number in range(trials):
        if (key := confusion_key(number)) in attributes:
            try:
                check_confusion(attributes, number, classes)
                kept[key] = attributes[key]
            except DamageError:
                dropped.append(f"study: {key}")
    return kept


def _is_whole_of_study(name: str, value: Any) -> bool:
    try:
        check_attributes({name: value})
    except DamageError:
        return False
    return True
