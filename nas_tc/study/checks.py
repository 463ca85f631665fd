"""Checks of everything that is read from a study, which others may have edited or damaged."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from optuna.trial import FrozenTrial, TrialState

from nas_tc.architecture import Architecture
from nas_tc.errors import NasTcError, StudyError
from nas_tc.metric import Metric
from nas_tc.recipe import Recipe
from nas_tc.space import genes_of
from nas_tc.study import schema
from nas_tc.study.attributes import (
    ARCHITECTURE_KEY,
    FRONT_TIMES_KEY,
    OUT_OF_SPACE_KEY,
    TIMES_KEY,
    confusion_key,
)


class DamageError(StudyError):
    """Something in a study is not what nas-tc writes; the message names the place, no file."""


Genes = Mapping[str, Sequence[Any]]  # choices by the name of a gene


def check_settings(settings: Any) -> dict[str, Any]:
    """The settings of a study, if they are whole.

    Args:
        settings: Value of the study's attribute.

    Raises:
        DamageError: A value is missing, of another type, or out of its range.
    """
    _check(settings, schema.Settings, "settings")
    _check_recipe(settings["recipe"])
    if (metric := settings.get("metric", Metric.ERROR)) not in set(Metric):
        raise DamageError(f"settings: unknown metric {metric!r}")
    checked: dict[str, Any] = settings
    return checked


def gene_choices(settings: Mapping[str, Any]) -> Genes:
    """Choices of each gene of the study's space."""
    return {gene.name: gene.choices for gene in genes_of(settings["space"])}


def check_attributes(attributes: Mapping[str, Any]) -> None:
    """Checks the attributes of a study, its settings and confusion matrices apart.

    Args:
        attributes: Attributes by their keys.

    Raises:
        DamageError: A value is of another type, or out of its range.
    """
    _check(dict(attributes), schema.StudyAttributes, "study")
    for number, timed in attributes.get(FRONT_TIMES_KEY, {}).items():
        _check(timed["times"], schema.Figures, f"study, {FRONT_TIMES_KEY} of trial {number}")


def check_confusion(attributes: Mapping[str, Any], number: int, classes: int) -> None:
    """Checks the confusion matrix of a trial, if the study has one.

    Args:
        attributes: Attributes of the study.
        number: Number of the trial.
        classes: Number of the study's classes.

    Raises:
        DamageError: It is no confusion matrix of these classes.
    """
    key = confusion_key(number)
    if (values := attributes.get(key)) is None:
        return
    if "multilabel" in values:
        _check(values, schema.MultilabelCells, key)
        counts = values["multilabel"]
        sums = {sum(counts[at : at + 4]) for at in range(0, len(counts), 4)}
        if not (len(counts) / 4 == len(values["average_precisions"]) == classes and len(sums) == 1):
            raise DamageError(f"{key}: no counts of {classes} classes")
        return
    _check(values, schema.ConfusionCells, key)
    cells = values["cells"]
    numbers = [*cells[0::3], *cells[1::3]]
    is_matrix = len(cells) % 3 == 0 and max(numbers) < classes and sum(cells[2::3]) > 0
    if values["classes"] != classes or not is_matrix:
        raise DamageError(f"{key}: no confusion matrix of {classes} classes")


def check_trial(trial: FrozenTrial, genes: Genes) -> Architecture | None:
    """Checks a trial.

    Args:
        trial: Trial of the Optuna study.
        genes: Choices of the space's genes.

    Returns:
        The network of the trial. One that was killed while it was asked for has none.

    Raises:
        DamageError: A value is missing, of another type, or out of its range.
    """
    where = f"trial {trial.number}"
    attributes = trial.user_attrs
    fixed = trial.system_attrs.get("fixed_params", {})
    for name, values in (("genes", trial.params), ("queued genes", fixed)):
        _check(values, schema.Genes, f"{where}, {name}")
        _check_choices(values, genes, f"{where}, {name}")
    if attributes.get(OUT_OF_SPACE_KEY) is not None:
        _check_network(attributes[OUT_OF_SPACE_KEY], where, OUT_OF_SPACE_KEY)
    # Older versions wrote the architecture first, and may have been killed after that.
    if not (ARCHITECTURE_KEY in attributes and "params" in attributes):
        _check(attributes, schema.QueuedAttributes, where)
        if trial.state == TrialState.COMPLETE:
            raise DamageError(f"{where}: complete, but without a network")
        if trial.state == TrialState.WAITING and OUT_OF_SPACE_KEY not in attributes:
            _check_whole(fixed, genes, where)
        return None
    _check(attributes, schema.TrialAttributes, where)
    network = _check_network(attributes[ARCHITECTURE_KEY], where, ARCHITECTURE_KEY)
    _check(attributes.get(TIMES_KEY, {}), schema.Figures, f"{where}, {TIMES_KEY}")
    for name in attributes.get(TIMES_KEY, {}):  # the sampler and the pruner read them
        _check(attributes.get(name, 0.0), schema.Amount, f"{where}, {name}")
    _check(list(trial.intermediate_values.values()), list[schema.Share], f"{where}, errors")
    if min(trial.intermediate_values, default=0) < 0:
        raise DamageError(f"{where}, errors: after a negative number of epochs")
    if trial.state == TrialState.COMPLETE:
        if not trial.intermediate_values:
            raise DamageError(f"{where}: complete, but without an error")
        _check(trial.value, schema.Share, f"{where}, error")
    return network


def is_whole(value: Any, kind: Any) -> bool:
    """Whether a value is as a type of `schema` says.

    Args:
        value: Value that was read.
        kind: Type, with its ranges.
    """
    try:
        _check(value, kind, "")
    except DamageError:
        return False
    return True


def _check(values: Any, kind: Any, where: str) -> None:
    """Checks a value against a type of `schema`."""
    try:
        msgspec.convert(values, kind)
    except (msgspec.ValidationError, RecursionError) as error:
        problem, _, place = str(error).replace("`", "").partition(" - at ")
        place = place.removeprefix("$").removeprefix(".")
        inner = f", {place}" if place else ""
        raise DamageError(f"{where}{inner}: {problem[:1].lower()}{problem[1:]}") from None
    except UnicodeEncodeError:
        raise DamageError(f"{where}: it has a text that is no Unicode") from None


def _check_network(values: Any, where: str, key: str) -> Architecture:
    try:
        return Architecture.from_dict(values)
    except NasTcError as error:
        raise DamageError(f"{where}, {key}: {error}") from None


def _check_recipe(values: Mapping[str, Any]) -> None:
    try:
        Recipe.from_dict(values)
    except NasTcError as error:
        raise DamageError(f"settings, recipe: {error}") from None


def _check_choices(values: Mapping[str, Any], genes: Genes, where: str) -> None:
    for name, value in values.items():
        if name in genes and value not in genes[name]:
            raise DamageError(f"{where}: {name} cannot be {value!r}")


def _check_whole(values: Iterable[str], genes: Genes, where: str) -> None:
    if missing := sorted(set(genes) - set(values)):
        raise DamageError(f"{where}: it is queued without the gene {missing[0]}")
