"""Checked values of a table of a TOML file; errors name the file, the table and the key."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from nas_tc.architecture import Head, Shape, head_named
from nas_tc.errors import NasTcError, unknown


class Table:
    """A table of a parsed file, whose keys are known.

    Args:
        values: Values of the table.
        where: File and table, for error messages.
        known: Names of all keys that it may have.

    Raises:
        NasTcError: It is no table, or has another key.
    """

    def __init__(self, values: Any, where: str, known: Sequence[str]) -> None:
        self._where = where
        if not isinstance(values, Mapping):
            raise self.error(f"must be a table of keys and values, not {values!r}")
        self._values = values
        for key in values:
            if key not in known:
                raise self.error(str(unknown("key", key, known)))

    def error(self, problem: str) -> NasTcError:
        """The error for a problem of this table."""
        return NasTcError(f"{self._where}: {problem}")

    def has(self, key: str) -> bool:
        """Whether the key is there."""
        return key in self._values

    def table(self, key: str) -> Mapping[str, Any]:
        """The table under a key; an empty one without the key."""
        found = self._values.get(key, {})
        if not isinstance(found, Mapping):
            raise self.error(f"{key} must be a table, under a line [{key}], not {found!r}")
        return found

    def tables(self, key: str) -> Sequence[Any]:
        """The tables under lines [[key]]; none without the key."""
        found = self._values.get(key, [])
        if not isinstance(found, list):
            raise self.error(f"{key} must be tables, each under a line [[{key}]], not {found!r}")
        return found

    def text(self, key: str, default: str | None = None) -> str:
        """A text that is not empty, unless the default is."""
        found = self._get(key, default)
        if not isinstance(found, str) or (not found.strip() and default is None):
            raise self.error(f"{key} must be a text, not {found!r}")
        return found

    def words(self, key: str) -> tuple[str, ...]:
        """A list of texts."""
        found = self._get(key)
        if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
            raise self.error(f'{key} must be a list of words, as in ["delay"], not {found!r}')
        return tuple(found)

    def whole(self, key: str, default: int | None = None) -> int:
        """A whole number of 1 or more."""
        found = self._get(key, default)
        if type(found) is not int or found < 1:
            raise self.error(f"{key} must be a whole number of 1 or more, not {found!r}")
        return found

    def points(self, key: str) -> float:
        """A share of 0 to 1 from per cent, as errors are printed: 37.4 is 0.374."""
        found = self._get(key)
        if type(found) not in (int, float) or not 0 <= found <= 100:
            raise self.error(f"{key} must be per cent, 0 to 100, not {found!r}")
        return round(float(found) / 100, 6)

    def share(self, key: str, default: float) -> float:
        """A share of 0 to 1."""
        found = self._get(key, default)
        if type(found) not in (int, float) or not (isfinite(found) and 0 <= found < 1):
            raise self.error(f"{key} must be a share from 0 to 1, as in 0.03, not {found!r}")
        return float(found)

    def one_of(self, key: str, choices: tuple[str, ...], default: str) -> Any:
        """One of some words."""
        found = self._get(key, default)
        if found not in choices:
            raise self.error(f"{key} must be one of {', '.join(choices)}, not {found!r}")
        return found

    def head(self, key: str, default: str) -> Head:
        """A head by its name, "gap", "spp" or with hidden layers "gap[256]"."""
        found = self._get(key, default)
        if not isinstance(found, str):
            raise self.error(f"{key} must be the name of a head, as in 'gap[256]', not {found!r}")
        try:
            return head_named(found)
        except NasTcError as error:
            raise self.error(f"{key}: {error}") from None

    def shape(self, key: str, default: Shape) -> Shape:
        """Channels, height and width."""
        found = self._get(key, list(default))
        if (
            not isinstance(found, list)
            or len(found) != 3
            or not all(type(side) is int and side > 0 for side in found)
        ):
            raise self.error(
                f"{key} must be channels, height and width, as in [3, 32, 32], not {found!r}"
            )
        return (found[0], found[1], found[2])

    def size(self, key: str) -> tuple[int, int]:
        """Height and width, given as one side of a square or as a pair."""
        found = self._get(key)
        sides = found if isinstance(found, list) else [found, found]
        if len(sides) != 2 or not all(type(side) is int and side > 0 for side in sides):
            raise self.error(
                f"{key} must be a side in pixels, as in 24, or height and width, as in [24, 32], "
                f"not {found!r}"
            )
        return sides[0], sides[1]

    def _get(self, key: str, default: Any = None) -> Any:
        if key not in self._values and default is None:
            raise self.error(f"lacks the key {key!r}")
        return self._values.get(key, default)
