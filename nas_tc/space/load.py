"""Reads a space from a TOML file; docs/spaces.md describes the format."""

import importlib.util
import re
import tomllib
from collections.abc import Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from nas_tc._shipped import named_toml, shipped_names
from nas_tc.architecture import head_named
from nas_tc.errors import NasTcError, SpaceError, unknown
from nas_tc.space.space import STAGE_FIELDS, Space, StageChoices

_REQUIRED = ("depth", "width", "filter")
_POOL = r"none|[1-9]\d{0,3}/[1-9]\d{0,3}"
_TOP_KEYS = ("description", "input", "head", "norm", "stage")


def shipped_spaces() -> tuple[str, ...]:
    """Names of the spaces that come with nas-tc."""
    return shipped_names(_shipped())


def load_space(name: str | Path) -> Space:
    """The search space of that name among those shipped, or in the TOML file at that path.

    Args:
        name: Name of a shipped space, or the path of a TOML file.

    Raises:
        UnknownNameError: No shipped space has this name.
        SpaceError: The file cannot be read, or a key or value is wrong. The message names file,
            line and key.
    """
    return parse_space(*named_toml(str(name), _shipped(), "space", SpaceError))


def parse_space(content: str, name: str, file: str) -> Space:
    """The space that a file's `content` describes.

    Args:
        content: Text of a TOML file.
        name: Name of the space.
        file: Name of the file, for error messages.

    Raises:
        SpaceError: The text is not TOML, or a key or value is wrong. The message names `file`, the
            line and the key.
    """
    try:
        values = tomllib.loads(content)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SpaceError(f"{file}: not TOML: {error}") from None
    reader = _Reader(content, file)
    reader.only(values, _TOP_KEYS, stage=0)
    stages = values.get("stage")
    if not isinstance(stages, list) or not all(isinstance(each, dict) for each in stages):
        raise SpaceError(f"{file}: a space needs its stages, each under a line [[stage]]")
    try:
        return Space(
            name=name,
            input=reader.input(values),
            head=reader.head(values),
            stages=tuple(reader.stage(each, number) for number, each in enumerate(stages, 1)),
            norm=reader.one_of(values, "norm", ("batch", "none"), default="batch"),
            description=str(values.get("description", "")),
        )
    except NasTcError as error:
        if str(error).startswith(file):
            raise
        raise SpaceError(f"{file}: {error}") from None


def _shipped() -> Traversable:
    """The folder of the shipped spaces, of an installed nas-tc or of a checkout."""
    if importlib.util.find_spec("nas_tc.search_spaces") is not None:
        return resources.files("nas_tc.search_spaces")
    return Path(__file__).parents[2] / "search_spaces"


class _Reader:
    """Checks the values of a parsed file; its errors name the line of the key."""

    def __init__(self, content: str, file: str) -> None:
        self._lines = content.splitlines()
        self._file = file

    def input(self, values: Mapping[str, Any]) -> tuple[int, int, int]:
        shape = values.get("input")
        if (
            not isinstance(shape, list)
            or len(shape) != 3
            or not all(type(side) is int and side > 0 for side in shape)
        ):
            raise self._error(
                "input", 0, f"needs channels, height and width, as in [3, 32, 32], not {shape!r}"
            )
        return (shape[0], shape[1], shape[2])

    def head(self, values: Mapping[str, Any]) -> Any:
        try:
            return head_named(str(values.get("head", "gap")))
        except NasTcError as error:
            raise self._error("head", 0, str(error)) from None

    def one_of(
        self, values: Mapping[str, Any], key: str, choices: tuple[str, ...], default: str
    ) -> Any:
        value = values.get(key, default)
        if value not in choices:
            raise self._error(key, 0, f"needs one of {', '.join(choices)}, not {value!r}")
        return value

    def stage(self, values: Mapping[str, Any], number: int) -> StageChoices:
        self.only(values, STAGE_FIELDS, stage=number)
        for key in _REQUIRED:
            if key not in values:
                raise self._error("", number, f"lacks the key {key!r}")
        checked: dict[str, Any] = {}
        for key, value in values.items():
            choices = value if isinstance(value, list) else [value]
            if not choices:
                raise self._error(key, number, "needs at least one choice")
            for choice in choices:
                self._check(key, number, choice)
            if len(set(choices)) < len(choices):
                raise self._error(key, number, f"names a choice twice: {choices}")
            checked[key] = tuple(choices)
        return StageChoices(**checked)

    def only(self, values: Mapping[str, Any], known: tuple[str, ...], stage: int) -> None:
        for key in values:
            if key not in known:
                raise self._error("", stage, str(unknown("key", key, known)), line_of=key)

    def _check(self, key: str, number: int, choice: Any) -> None:
        if key == "pool":
            if not isinstance(choice, str) or not re.fullmatch(_POOL, choice):
                raise self._error(
                    key, number, f'needs poolings such as "3/2" or "none", not {choice!r}'
                )
        elif type(choice) is not int or choice < (0 if key == "depth" else 1):
            least = "0 or more" if key == "depth" else "1 or more"
            raise self._error(key, number, f"needs whole numbers of {least}, not {choice!r}")

    def _error(self, key: str, stage: int, problem: str, line_of: str = "") -> SpaceError:
        where = f"stage {stage}, " if stage else ""
        named = f"key {key!r} " if key else ""
        line = self._line(key or line_of, stage)
        return SpaceError(f"{self._file}:{line}: {where}{named}{problem}")

    def _line(self, key: str, stage: int) -> int:
        """Line of `key` in a stage (0: before all stages); the stage's first line if not found."""
        seen, found = 0, 1
        for line, text in enumerate(self._lines, start=1):
            if re.match(r"\s*\[\[\s*stage\s*\]\]", text):
                seen += 1
                if seen == stage:
                    found = line
            elif seen == stage and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", text) and key:
                return line
        return found
