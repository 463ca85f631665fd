"""Trials of an Optuna database, read and written without its object mapper.

Optuna's mapper takes 1.5 ms and five queries for each trial that it reads, and a transaction for
each value that it writes. The tables are the same.
"""

import json
import math
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy
from optuna.distributions import BaseDistribution, distribution_to_json, json_to_distribution
from optuna.storages._rdb import models
from optuna.trial import FrozenTrial

from nas_tc.study.attributes import ARCHITECTURE_KEY

TRIALS = models.TrialModel.__table__
PARAMS = models.TrialParamModel.__table__
VALUES = models.TrialValueModel.__table__
ERRORS = models.TrialIntermediateValueModel.__table__
USER = models.TrialUserAttributeModel.__table__
SYSTEM = models.TrialSystemAttributeModel.__table__
_TO_VALUE = models.TrialValueModel.stored_repr_to_value
_TO_ERROR = models.TrialIntermediateValueModel.stored_repr_to_intermediate_value
_FROM_VALUE = models.TrialValueModel.value_to_stored_repr
_FROM_ERROR = models.TrialIntermediateValueModel.intermediate_value_to_stored_repr

Row = dict[str, Any]


def read_trials(
    connection: sqlalchemy.Connection,
    study_id: int,
    after: int | None = None,
    open_ids: Collection[int] = (),
) -> list[FrozenTrial]:
    """Trials of a study in the order of their rows.

    Args:
        connection: Open connection.
        study_id: Row of the study.
        after: Last row that is known; None: none is, and all trials are read.
        open_ids: Rows before it that are read, too.

    Raises:
        ValueError: A value is not JSON, or no distribution.
        LookupError: An unknown state.
    """
    is_wanted = TRIALS.c.study_id == study_id
    if after is not None:
        is_wanted &= (TRIALS.c.trial_id > after) | TRIALS.c.trial_id.in_(list(open_ids))
    ids = sqlalchemy.select(TRIALS.c.trial_id).where(is_wanted)

    def by_trial(table: Any, *columns: Any) -> Mapping[int, list[Any]]:
        """Rows of a table by their trial."""
        key = next(iter(table.primary_key))
        query = sqlalchemy.select(table.c.trial_id, *columns).where(table.c.trial_id.in_(ids))
        found: dict[int, list[Any]] = defaultdict(list)
        for trial_id, *values in connection.execute(query.order_by(key)):
            found[trial_id].append(values)
        return found

    columns = (
        TRIALS.c.trial_id,
        TRIALS.c.number,
        TRIALS.c.state,
        TRIALS.c.datetime_start,
        TRIALS.c.datetime_complete,
    )
    query = sqlalchemy.select(*columns).where(is_wanted).order_by(TRIALS.c.trial_id)
    # First: a trial that has ended by now has all its rows, though others go on writing.
    heads = connection.execute(query).all()
    params = by_trial(PARAMS, PARAMS.c.param_name, PARAMS.c.param_value, PARAMS.c.distribution_json)
    values = by_trial(VALUES, VALUES.c.objective, VALUES.c.value, VALUES.c.value_type)
    errors = by_trial(
        ERRORS, ERRORS.c.step, ERRORS.c.intermediate_value, ERRORS.c.intermediate_value_type
    )
    user = by_trial(USER, USER.c.key, USER.c.value_json)
    system = by_trial(SYSTEM, SYSTEM.c.key, SYSTEM.c.value_json)
    distributions = _Distributions()
    same = _Same()
    trials = []
    for trial_id, number, state, start, complete in heads:
        kinds = distributions.of(params.get(trial_id, ()), is_shared=state.is_finished())
        trials.append(
            FrozenTrial(
                number=number,
                state=state,
                value=None,
                values=_values(values.get(trial_id, ())),
                datetime_start=_local(start),
                datetime_complete=_local(complete),
                params={
                    name: kinds[name].to_external_repr(value)
                    for name, value, _ in params.get(trial_id, ())
                },
                distributions=kinds,
                user_attrs=same.attributes(user.get(trial_id, ())),
                system_attrs=same.attributes(system.get(trial_id, ())),
                intermediate_values={
                    step: _TO_ERROR(value, kind) for step, value, kind in errors.get(trial_id, ())
                },
                trial_id=trial_id,
            )
        )
    return trials


def rows_of(trial: FrozenTrial) -> Iterator[tuple[Any, list[Row]]]:
    """The rows of a trial in the tables beside that of the trials.

    Args:
        trial: Trial with the number of its row.

    Yields:
        Tables that have rows of it, with these.
    """
    row = trial._trial_id
    kinds = trial.distributions
    yield PARAMS, [param_row(row, name, trial.params[name], kinds[name]) for name in trial.params]
    yield USER, [attribute_row(row, key, value) for key, value in trial.user_attrs.items()]
    yield SYSTEM, [attribute_row(row, key, value) for key, value in trial.system_attrs.items()]
    yield ERRORS, [error_row(row, *each) for each in trial.intermediate_values.items()]
    yield VALUES, value_rows(row, trial.values or ())


def param_row(row: int, name: str, value: Any, kind: BaseDistribution) -> Row:
    """The row of a parameter."""
    return {
        "trial_id": row,
        "param_name": name,
        "param_value": kind.to_internal_repr(value),
        "distribution_json": distribution_to_json(kind),
    }


def attribute_row(row: int, key: str, value: Any) -> Row:
    """The row of an attribute."""
    return {"trial_id": row, "key": key, "value_json": json.dumps(value)}


def error_row(row: int, step: int, error: float) -> Row:
    """The row of a reported value."""
    stored, kind = _FROM_ERROR(error)
    return {
        "trial_id": row,
        "step": step,
        "intermediate_value": stored,
        "intermediate_value_type": kind,
    }


def value_rows(row: int, values: Sequence[float]) -> list[Row]:
    """The rows of a trial's values."""
    stored = [_FROM_VALUE(value) for value in values]
    return [
        {"trial_id": row, "objective": place, "value": value, "value_type": kind}
        for place, (value, kind) in enumerate(stored)
    ]


def trial_row(study_id: int, number: int | None, trial: FrozenTrial) -> Row:
    """The row of a trial in the table of trials."""
    return {
        "study_id": study_id,
        "number": number,
        "state": trial.state,
        "datetime_start": utc(trial.datetime_start),
        "datetime_complete": utc(trial.datetime_complete),
    }


def utc(moment: datetime | None) -> datetime | None:
    """A local time as the tables have it: in UTC, without a zone."""
    return None if moment is None else moment.astimezone(UTC).replace(tzinfo=None)


def _local(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=UTC).astimezone().replace(tzinfo=None)


def _values(rows: Sequence[Sequence[Any]]) -> list[float] | None:
    if not rows:
        return None
    found = [math.nan] * len(rows)
    for place, value, kind in rows:
        found[place] = _TO_VALUE(value, kind)
    return found


class _Distributions:
    """The distributions of trials: each JSON text is parsed once, and trials share what it says."""

    def __init__(self) -> None:
        self._known: dict[str, BaseDistribution] = {}
        self._shared: dict[tuple[Any, ...], dict[str, BaseDistribution]] = {}

    def of(self, rows: Sequence[Sequence[Any]], *, is_shared: bool) -> dict[str, BaseDistribution]:
        """The distributions of a trial, by the names of its parameters.

        Args:
            rows: Name, value and JSON of each.
            is_shared: Whether trials with the same ones share the mapping, too: Optuna adds to that
                of a trial that has not ended.
        """
        for _, _, text in rows:
            if text not in self._known:
                self._known[text] = json_to_distribution(text)
        kinds = {name: self._known[text] for name, _, text in rows}
        return (
            self._shared.setdefault((*kinds, *map(id, kinds.values())), kinds)
            if is_shared
            else kinds
        )


class _Same:
    """Attributes of trials that share what is equal in them: names, and the stages of networks."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._stages: dict[str, Any] = {}

    def attributes(self, rows: Sequence[Sequence[Any]]) -> dict[str, Any]:
        """The attributes of a trial.

        Args:
            rows: Key and JSON of each.
        """
        return {self._names.setdefault(key, key): self._value(key, text) for key, text in rows}

    def _value(self, key: str, text: str) -> Any:
        values = json.loads(text)
        if key == ARCHITECTURE_KEY and isinstance(values, dict):
            stages = values.get("stages")
            if isinstance(stages, list):
                values["stages"] = [self._stages.setdefault(str(each), each) for each in stages]
            values = {self._names.setdefault(name, name): value for name, value in values.items()}
        return values
