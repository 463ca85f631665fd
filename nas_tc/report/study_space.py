"""The space of a study, from its settings."""

from collections.abc import Mapping
from typing import Any

from nas_tc.architecture import Head
from nas_tc.errors import SpaceError
from nas_tc.space import Space, StageChoices


def space_of(settings: Mapping[str, Any]) -> Space | None:
    """The space that a study's settings describe; None if this version does not know its form.

    Args:
        settings: Settings of the study.
    """
    kept = _with_tuples(settings["space"])
    try:
        return Space(
            **{
                **kept,
                "head": Head(**_with_tuples(kept["head"])),
                "stages": tuple(StageChoices(**_with_tuples(each)) for each in kept["stages"]),
            }
        )
    except (KeyError, TypeError, SpaceError):  # of an earlier or a later version
        return None


def _with_tuples(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values, as a frozen dataclass has them: JSON has no tuples."""
    return {
        key: tuple(value) if isinstance(value, list) else value for key, value in values.items()
    }
