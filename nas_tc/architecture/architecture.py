"""A convolutional network as an immutable value; costs and training are computed elsewhere."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any, Literal, Self

from nas_tc.architecture.blocks import Plain
from nas_tc.architecture.blocks.text import format_block, parse_block
from nas_tc.architecture.head import HEADS, Head, head_named
from nas_tc.architecture.layers import Activation, Shape
from nas_tc.architecture.stage import MOST, Pool, Stage, check_number
from nas_tc.errors import ArchitectureError, NasTcError, NotationError, unknown

Norm = Literal["batch", "none"]
ACTIVATIONS = ("relu", "relu6", "silu", "tanh", "sigmoid")
_MOST_UNITS = 10_000  # of all stages together: the deepest published network has some thousand


@dataclass(frozen=True, slots=True)
class Architecture:
    """A convolutional network: an input, stages of convolutions, a head.

    Every convolution is followed by batch normalisation (`norm="batch"`, and has no bias) or by
    nothing (`norm="none"`, and has a bias), and then by an activation if its block has one.

    The value is frozen and hashable; equal networks are equal values with equal ids, on every
    machine.

    Raises:
        ArchitectureError: There is no stage, there are more than 10,000 units, or an input side or
            the number of classes is below 1 or above a million. `walk` checks that the maps stay
            large enough, because it computes their sizes.
    """

    input: Shape  # channels, height, width
    stages: tuple[Stage, ...]
    head: Head
    classes: int
    norm: Norm = "batch"
    activation: Activation = "relu"

    def __post_init__(self) -> None:
        if len(self.input) != 3 or min(self.input) < 1:
            raise ArchitectureError(
                f"an input is channels, height and width of 1 or more, not {self.input}"
            )
        if max(self.input) > MOST:
            raise ArchitectureError(
                f"an input has {MOST:,} channels and pixels a side at most, not {self.input}"
            )
        if not self.stages:
            raise ArchitectureError("a network needs at least one stage of convolutions")
        if (units := sum([stage.depth for stage in self.stages])) > _MOST_UNITS:
            raise ArchitectureError(f"a network has {_MOST_UNITS:,} units at most, not {units:,}")
        check_number("classes", self.classes)
        if self.norm not in ("batch", "none"):
            raise ArchitectureError(f"norm must be 'batch' or 'none', not {self.norm!r}")
        if self.activation not in ACTIVATIONS:
            raise unknown("activation", str(self.activation), ACTIVATIONS)

    @property
    def depth(self) -> int:
        """Number of convolutions on the longest path, d in He & Sun (2015)."""
        return sum(stage.depth * stage.block.convs for stage in self.stages)

    @property
    def resolution(self) -> str:
        """Height and width of the input, pixels: "24x24"."""
        _, height, width = self.input
        return f"{height}x{width}"

    @property
    def id(self) -> str:
        """Twelve hexadecimal digits that are the same for equal networks in every version."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:12]

    def at(self, input: Shape, classes: int | None = None) -> Self:
        """The same network for another input shape and, if given, another number of classes."""
        return replace(self, input=input, classes=self.classes if classes is None else classes)

    def on_images(self, before: Sequence[int], after: Shape) -> Self:
        """The same network for images of another size: its input is as large a part of them.

        Args:
            before: Channels, height and width of the images that it was made for. They may be
                larger or smaller than its input, to which they are scaled.
            after: Channels, height and width of the other images.
        """
        height, width = (
            max(1, round(side * new / old))
            for side, old, new in zip(self.input[1:], before[1:], after[1:], strict=True)
        )
        return self.at((after[0], height, width))

    def to_dict(self) -> dict[str, Any]:
        """The network as plain lists, numbers and strings, which `from_dict` reads."""
        names = {head: name for name, head in HEADS.items()}
        values: dict[str, Any] = {
            "input": list(self.input),
            "stages": [_without_defaults(stage) for stage in self.stages],
            "head": names.get(self.head) or _listed(asdict(self.head)),
            "classes": self.classes,
            "norm": self.norm,
        }
        if self.activation != "relu":
            values["activation"] = self.activation
        return values

    def to_json(self) -> str:
        """One line of JSON with sorted keys: the canonical form, from which `id` is computed."""
        return json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The network that `to_dict` described.

        Args:
            values: Mapping from `to_dict`.

        Raises:
            NotationError: A key is missing or unknown, or a value has the wrong type.
            ArchitectureError: The numbers describe no network.
        """
        try:
            known = {"input", "stages", "head", "classes", "norm", "activation"}
            if extra := set(values) - known:
                raise NotationError(f"unknown key {min(extra)!r} in a network's JSON")
            channels, height, width = (_int(side) for side in values["input"])
            head = values["head"]
            return cls(
                input=(channels, height, width),
                stages=tuple(
                    _stage(each, number) for number, each in enumerate(values["stages"], start=1)
                ),
                head=head_named(head) if isinstance(head, str) else _head(head),
                classes=_int(values["classes"]),
                norm=values.get("norm", "batch"),
                activation=values.get("activation", "relu"),
            )
        except KeyError as error:
            raise NotationError(f"a network's JSON lacks the key {error}") from None
        except (TypeError, AttributeError, RecursionError) as error:
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
        except (json.JSONDecodeError, RecursionError) as error:
            raise NotationError(f"not JSON: {error}") from None
        return cls.from_dict(values)


def _without_defaults(stage: Stage) -> dict[str, Any]:
    """Fields of a stage that differ from their defaults, so that ids survive new fields."""
    values: dict[str, Any] = {
        "depth": stage.depth,
        "width": stage.width,
        "filter": stage.filter,
        "last_width": stage.last_width,
        "stride": stage.stride,
    }
    if stage.pool is not None:
        values["pool"] = _pool_values(stage.pool)
    if stage.padding is not None:
        values["padding"] = stage.padding
    if stage.block != Plain():
        values["block"] = format_block(stage.block)
    if stage.lrn != "none":
        values["lrn"] = stage.lrn
    return values


def _pool_values(pool: Pool) -> list[int] | dict[str, Any]:
    """Size and stride as a pair; fields by name if any other differs from its default."""
    if pool == Pool(pool.size, pool.stride):
        return [pool.size, pool.stride]
    return {key: value for key, value in asdict(pool).items() if value}


def _stage(values: Mapping[str, Any], number: int) -> Stage:
    try:
        return _stage_of(json.dumps(values))
    except NasTcError as error:
        raise type(error)(f"stage {number}: {error}") from None


@lru_cache(maxsize=4096)
def _stage_of(text: str) -> Stage:
    """The stage of a JSON text. The networks of a study share few stages, and so their memory."""
    values = json.loads(text)
    fields: dict[str, Any] = {
        key: _int(value) for key, value in values.items() if key not in ("pool", "block", "lrn")
    }
    if values.get("pool") is not None:
        fields["pool"] = _pool(values["pool"])
    if "block" in values:
        fields["block"] = parse_block(values["block"])
    if "lrn" in values:
        fields["lrn"] = values["lrn"]
    return Stage(**fields)


def _pool(values: Any) -> Pool:
    if not isinstance(values, Mapping):
        size, stride = values
        return Pool(_int(size), _int(stride))
    fields: dict[str, Any] = {
        key: bool(value) if key in ("ceil", "average") else _int(value)
        for key, value in values.items()
    }
    return Pool(**fields)


def _head(values: Mapping[str, Any]) -> Head:
    fields: dict[str, Any] = {
        key: tuple(map(_int, value)) if isinstance(value, list) else value
        for key, value in values.items()
    }
    return Head(**fields)


def _listed(values: dict[str, Any]) -> dict[str, Any]:
    return {key: list(v) if isinstance(v, tuple) else v for key, v in values.items()}


def _int(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise NotationError(f"not a whole number in a network's JSON: {value!r}")
    return value
