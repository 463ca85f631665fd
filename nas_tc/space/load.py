"""Reads a space from a TOML file; docs/spaces.md describes the format."""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, NamedTuple

from nas_tc._shipped import named_toml, shipped_names
from nas_tc.architecture import (
    ACTIVATIONS,
    FIRST_UNPADDED,
    Inception,
    format_block,
    format_head,
    head_named,
    parse_block,
)
from nas_tc.errors import NasTcError, SpaceError, unknown
from nas_tc.space.choices import STAGE_FIELDS, TOP_FIELDS, StageChoices
from nas_tc.space.space import Space

_REQUIRED = ("depth", "width", "filter")
_POOL = r"none|(avg)?[1-9]\d{0,3}/[1-9]\d{0,3}(p\d{1,3})?(ceil)?"
_TOP_KEYS = ("description", "input", "norm", *TOP_FIELDS, "stage")


class _Kind(NamedTuple):
    """What the choices of a key have to be."""

    needs: str  # in words
    admits: Callable[[Any], bool]
    read: Callable[[Any], Any] = lambda choice: choice  # may raise NasTcError


def _is_whole(least: int) -> Callable[[Any], bool]:
    return lambda choice: type(choice) is int and choice >= least


def _is_text(choice: Any) -> bool:
    return isinstance(choice, str)


_ONE_OR_MORE = _Kind("whole numbers of 1 or more", _is_whole(1))
_BLOCK = _Kind(
    "blocks such as 'basic' or 'inverted[4]'",
    _is_text,
    lambda text: format_block(parse_block(re.sub(r"\s", "", text))),
)
# Greatest choices, so that costs stay within 64 bits.
_MOST = {
    **dict.fromkeys(("depth", "filter", "stride"), 1000),
    **dict.fromkeys(("width", "last_width", "resolution"), 100_000),
}
_KINDS = {
    "depth": _Kind("whole numbers of 0 or more", _is_whole(0)),
    "width": _ONE_OR_MORE,
    "last_width": _ONE_OR_MORE,
    "filter": _ONE_OR_MORE,
    "stride": _ONE_OR_MORE,
    "pool": _Kind(
        'poolings such as "3/2" or "none"',
        lambda choice: _is_text(choice) and re.fullmatch(_POOL, choice) is not None,
    ),
    "block": _BLOCK,
    "padding": _Kind(
        'a whole number of pixels, 0 or more, or "half"',
        lambda choice: choice == "half" or _is_whole(0)(choice),
    ),
    "resolution": _Kind("sides of images in pixels, 1 or more", _is_whole(1)),
    "activation": _Kind(
        f"activations among {', '.join(ACTIVATIONS)}", lambda choice: choice in ACTIVATIONS
    ),
    "head": _Kind(
        "heads such as 'gap' or 'gap[1280]'",
        _is_text,
        lambda text: format_head(head_named(text)),
    ),
    "dropout": _Kind(
        "probabilities of 0 or more and below 1",
        lambda choice: type(choice) in (int, float) and 0 <= choice < 1,
        float,
    ),
}


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
            stages=tuple(
                reader.stage(each, number, shares_block="block" in values and "block" not in each)
                for number, each in enumerate(stages, 1)
            ),
            norm=reader.one_of(values, "norm", ("batch", "none"), default="batch"),
            description=str(values.get("description", "")),
            **reader.whole(values),
        )
    except NasTcError as error:
        if str(error).startswith(file):
            raise
        raise SpaceError(f"{file}: {error}") from None


def _shipped() -> Traversable:
    """The folder of the shipped spaces: that of the checkout, or of an installed nas-tc."""
    beside = Path(__file__).parents[2] / "search_spaces"
    if (beside / "plain-32.toml").is_file():
        return beside
    return resources.files("nas_tc.search_spaces")


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
            or not all(type(side) is int and 0 < side <= 100_000 for side in shape)
        ):
            raise self._error(
                "input", 0, f"needs channels, height and width, as in [3, 32, 32], not {shape!r}"
            )
        return (shape[0], shape[1], shape[2])

    def one_of(
        self, values: Mapping[str, Any], key: str, choices: tuple[str, ...], default: str
    ) -> Any:
        value = values.get(key, default)
        if value not in choices:
            raise self._error(key, 0, f"needs one of {', '.join(choices)}, not {value!r}")
        return value

    def whole(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The choices that are no stage's, as fields of a `Space`."""
        found: dict[str, Any] = {}
        for key, field in TOP_FIELDS.items():
            if key in values:
                found[field] = self._choices(key, 0, values[key])
        heads = found.pop("heads", ("gap",))
        dropouts = found.get("dropouts", ())
        head = head_named(heads[0])
        found["head"] = replace(head, dropout=dropouts[0]) if dropouts else head
        if len(heads) > 1:
            found["heads"] = heads
        elif len(dropouts) == 1:
            del found["dropouts"]
        if len(found.get("resolutions", ())) == 1 and set(values["input"][1:]) == {
            found["resolutions"][0]
        }:
            del found["resolutions"]
        return found

    def _check_half(self, number: int, filters: Sequence[int]) -> None:
        if number > 1:
            raise self._error(
                "padding", number, "needs a number: filters behind stage 1 pad by half without it"
            )
        even = max((side for side in filters if side % 2 == 0), default=0)
        if even >= FIRST_UNPADDED:
            raise self._error(
                "padding",
                number,
                f'"half" needs odd filters: half of {even} on both sides is a pixel too many',
            )

    def stage(self, values: Mapping[str, Any], number: int, *, shares_block: bool) -> StageChoices:
        self.only(values, (*STAGE_FIELDS, "padding"), stage=number)
        checked: dict[str, Any] = {
            key: self._choices(key, number, value) for key, value in values.items()
        }
        if len(padding := checked.pop("padding", ())) > 1:
            raise self._error("padding", number, "needs one number: padding is no gene")
        checked["padding"] = padding[0] if padding else None
        if checked["padding"] == "half":
            self._check_half(number, checked.get("filter", ()))
        if shares_block:
            checked.setdefault("block", ())
        widths = [parse_block(text) for text in checked.get("block", ())]
        if widths and all(isinstance(block, Inception) for block in widths):
            checked.setdefault("width", (1,))  # the branches decide
        for key in _REQUIRED:
            if key not in checked:
                raise self._error("", number, f"lacks the key {key!r}")
        return StageChoices(**checked)

    def _choices(self, key: str, number: int, value: Any) -> tuple[Any, ...]:
        """The choices of a key, checked; blocks and heads in the way that nas-tc writes them."""
        choices = value if isinstance(value, list) else [value]
        if not choices:
            raise self._error(key, number, "needs at least one choice")
        found = [self._checked(key, number, choice) for choice in choices]
        if len(set(found)) < len(found):
            raise self._error(key, number, f"names a choice twice: {choices}")
        return tuple(found)

    def _checked(self, key: str, number: int, choice: Any) -> Any:
        kind = _KINDS[key]
        if type(choice) is int and choice > (most := _MOST.get(key, choice)):
            raise self._error(key, number, f"needs numbers of {most:,} at most, not {choice:,}")
        try:
            if kind.admits(choice):
                return kind.read(choice)
        except NasTcError as error:
            raise self._error(key, number, str(error)) from None
        raise self._error(key, number, f"needs {kind.needs}, not {choice!r}")

    def only(self, values: Mapping[str, Any], known: tuple[str, ...], stage: int) -> None:
        for key in values:
            if key not in known:
                raise self._error("", stage, str(unknown("key", key, known)), line_of=key)

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
