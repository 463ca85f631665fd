"""The network as a value: what it is, not what it costs or how it is trained."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, Self

from nas_tc.architecture.head import HEADS, Head, head_named
from nas_tc.architecture.stage import Pool, Stage
from nas_tc.errors import ArchitectureError, NasTcError, NotationError

Shape = tuple[int, int, int]  # channels, height and width in pixels
Norm = Literal["batch", "none"]


@dataclass(frozen=True, slots=True)
class Architecture:
    """A plain convolutional network: an input, stages of convolutions, a head.

    Every convolution is followed by batch normalisation (`norm="batch"`, then it has no bias) or
    by nothing (`norm="none"`, with a bias), and by a ReLU. It is a frozen, hashable value; equal
    networks are equal values with equal ids, on every machine.

    Raises:
        ArchitectureError: no stage, an input side or a number of classes below 1. That the maps
            stay large enough is checked by `walk`, which knows their sizes.
    """

    input: Shape  # channels, height, width
    stages: tuple[Stage, ...]
    head: Head
    classes: int
    norm: Norm = "batch"

    def __post_init__(self) -> None:
        if len(self.input) != 3 or min(self.input) < 1:
            raise ArchitectureError(
                f"an input is channels, height and width of 1 or more, not {self.input}"
            )
        if not self.stages:
            raise ArchitectureError("a network needs at least one stage of convolutions")
        if self.classes < 1:
            raise ArchitectureError(f"classes must be 1 or more, not {self.classes}")
        if self.norm not in ("batch", "none"):
            raise ArchitectureError(f"norm must be 'batch' or 'none', not {self.norm!r}")

    @property
    def depth(self) -> int:
        """Convolutions, the paper's d."""
        return sum(stage.depth for stage in self.stages)

    @property
    def id(self) -> str:
        """Twelve hexadecimal digits that are the same for equal networks, now and later."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:12]

    def at(self, input: Shape, classes: int | None = None) -> Self:
        """The same stages on another input shape, and for another number of classes if given."""
        return replace(self, input=input, classes=classes or self.classes)

    def to_dict(self) -> dict[str, Any]:
        """Plain lists, numbers and strings, as `from_dict` takes them."""
        names = {head: name for name, head in HEADS.items()}
        return {
            "input": list(self.input),
            "stages": [_without_defaults(stage) for stage in self.stages],
            "head": names.get(self.head) or _listed(asdict(self.head)),
            "classes": self.classes,
            "norm": self.norm,
        }

    def to_json(self) -> str:
        """One line of JSON with sorted keys: the canonical form that `id` is a hash of."""
        return json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The network that `to_dict` described.

        Raises:
            NotationError: a key that is missing or unknown, or a value of another type.
            ArchitectureError: numbers that make no network.
        """
        try:
            known = {"input", "stages", "head", "classes", "norm"}
            if extra := set(values) - known:
                raise NotationError(f"unknown key {min(extra)!r} in a network's JSON")
            channels, height, width = (_int(side) for side in values["input"])
            head = values["head"]
            return cls(
                input=(channels, height, width),
                stages=tuple(_stage(each) for each in values["stages"]),
                head=head_named(head) if isinstance(head, str) else _head(head),
                classes=_int(values["classes"]),
                norm=values.get("norm", "batch"),
            )
        except KeyError as error:
            raise NotationError(f"a network's JSON lacks the key {error}") from None
        except (TypeError, AttributeError) as error:
            raise NotationError(f"not a network's JSON: {error}") from None
        except ValueError as error:
            if isinstance(error, NasTcError):
                raise
            raise NotationError(f"not a network's JSON: {error}") from None

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The network that `to_json` wrote; raises as `from_dict` does."""
        try:
            values = json.loads(text)
        except json.JSONDecodeError as error:
            raise NotationError(f"not JSON: {error}") from None
        return cls.from_dict(values)


def _without_defaults(stage: Stage) -> dict[str, Any]:
    """A stage's fields; those that say nothing are left out, so that ids survive new fields."""
    values: dict[str, Any] = {
        "depth": stage.depth,
        "width": stage.width,
        "filter": stage.filter,
        "last_width": stage.last_width,
        "stride": stage.stride,
    }
    if stage.pool is not None:
        values["pool"] = [stage.pool.size, stage.pool.stride]
    if stage.padding is not None:
        values["padding"] = stage.padding
    return values


def _stage(values: Mapping[str, Any]) -> Stage:
    numbers = {key: _int(value) for key, value in values.items() if key != "pool"}
    pool = values.get("pool")
    return Stage(**numbers, pool=None if pool is None else Pool(*(_int(each) for each in pool)))


def _head(values: Mapping[str, Any]) -> Head:
    fields: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in values.items()
    }
    return Head(**fields)


def _listed(values: dict[str, Any]) -> dict[str, Any]:
    return {key: list(v) if isinstance(v, tuple) else v for key, v in values.items()}


def _int(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise NotationError(f"not a whole number in a network's JSON: {value!r}")
    return value
