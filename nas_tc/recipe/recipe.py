"""The settings of a training, such as epochs, learning rate and augmentation."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from math import inf
from typing import Any, Literal

from nas_tc.errors import NasTcError, unknown

AUGMENTATIONS = ("crop", "flip", "colour")
OPTIMIZERS = ("sgd", "muon")
_LISTS = ("augment", "drops")
_MOST = 1_000_000  # of numbers that a training counts to
_MOST_DECAY = 1000.0  # more is a slip
_FLOAT32 = 3.4e38  # the greatest number that weights can be multiplied by


@dataclass(frozen=True, slots=True)
class Recipe:
    """Settings of a training by stochastic gradient descent with momentum, or by Muon.

    Without `drops` the learning rate follows one cycle: it rises linearly from a tenth of its peak
    over the first part of the steps and falls as a cosine to zero (Smith & Topin,
    "Super-convergence", 2018). A few epochs of it reach the accuracy of many epochs with constant
    rates. With `drops` the rate is divided by ten after each of those epochs. With `restarts` there
    is a cycle a rung in place of one in all, so that the rate is near zero whenever a network is
    validated (warm restarts; Loshchilov & Hutter, "SGDR", 2017).

    Raises:
        NasTcError: A value is outside its range. The message names the field.
    """

    epochs: int = 12
    batch_size: int = 64  # images
    learning_rate: float = 0.1  # peak of the cycle; with `drops`, the first rate
    warmup: float = 0.25  # share of the steps before the peak of a cycle
    momentum: float = 0.9
    weight_decay: float = 5e-4  # for weights, not for biases and normalisation
    label_smoothing: float = 0.1
    class_weights: Literal["none", "balanced"] = "none"  # of the images' losses
    batches: Literal["shuffled", "balanced"] = "shuffled"  # balanced: classes equally often
    augment: tuple[str, ...] = ()  # names from AUGMENTATIONS
    crop_padding: int = 4  # largest shift of a random crop, pixels
    margin: int = 0  # pixels by which images exceed the window that is cut out of them
    nesterov: bool = True
    optimizer: Literal["sgd", "muon"] = "sgd"  # of convolutions' filters; all else takes SGD
    drops: tuple[int, ...] = ()  # epochs after which the learning rate is a tenth
    restarts: bool = False  # a cycle of the learning rate for each rung
    init: Literal["he", "glorot"] = "he"  # variance of the Gaussian that weights are drawn from
    ema: float = 0.0  # decay of the weights' moving average per step; 0: no average
    views: int = 1  # views of a test image: 1 or 10

    def __post_init__(self) -> None:
        _check(1 <= self.epochs <= _MOST, "epochs", self.epochs, f"1 or more, up to {_MOST:,}")
        _check(
            2 <= self.batch_size <= _MOST,
            "batch_size",
            self.batch_size,
            f"2 or more, up to {_MOST:,}",
        )
        _check(
            0 < self.learning_rate < _FLOAT32,
            "learning_rate",
            self.learning_rate,
            "more than 0, and finite in float32",
        )
        _check(0 <= self.warmup < 1, "warmup", self.warmup, "0 or more and less than 1")
        _check(0 <= self.momentum < 1, "momentum", self.momentum, "0 or more and less than 1")
        _check(
            0 <= self.weight_decay <= _MOST_DECAY,
            "weight_decay",
            self.weight_decay,
            f"0 or more, up to {_MOST_DECAY:,g}",
        )
        _check(0 <= self.label_smoothing < 1, "label_smoothing", self.label_smoothing, "in [0, 1)")
        weights = self.class_weights
        _check(weights in ("none", "balanced"), "class_weights", weights, "none or balanced")
        _check(
            self.batches in ("shuffled", "balanced"),
            "batches",
            self.batches,
            "shuffled or balanced",
        )
        if weights == self.batches == "balanced":
            raise NasTcError(
                "class_weights=balanced and batches=balanced would both make up for rare classes; "
                "set one of them"
            )
        known = ", ".join(AUGMENTATIONS)
        _check(set(self.augment) <= set(AUGMENTATIONS), "augment", self.augment, f"of {known}")
        _check(
            0 <= self.crop_padding <= _MOST,
            "crop_padding",
            self.crop_padding,
            f"0 or more, up to {_MOST:,}",
        )
        _check(0 <= self.margin <= _MOST, "margin", self.margin, f"0 or more, up to {_MOST:,}")
        rising = list(self.drops) == sorted(set(self.drops)) and min(self.drops, default=1) >= 1
        _check(rising, "drops", self.drops, "rising epochs of 1 or more")
        if self.restarts and self.drops:
            raise NasTcError(
                f"restarts=true and drops={list(self.drops)} are two schedules of the learning "
                "rate; set restarts=false, or drops=none"
            )
        _check(self.optimizer in OPTIMIZERS, "optimizer", self.optimizer, "sgd or muon")
        _check(self.init in ("he", "glorot"), "init", self.init, "he or glorot")
        _check(0 <= self.ema < 1, "ema", self.ema, "0 or more and less than 1")
        _check(self.views in (1, 10), "views", self.views, "1 or 10")

    @property
    def rungs(self) -> tuple[int, ...]:
        """Epochs after which the network is validated: a twelfth, a third and all of them."""
        return tuple(sorted({-(-self.epochs // part) for part in (12, 3, 1)}))

    def check_labels(self, *, multilabel: bool) -> None:
        """Refuses what these labels have no sense for.

        Args:
            multilabel: Whether images have several labels.

        Raises:
            NasTcError: Batches are to be balanced, and images have several labels.
        """
        if multilabel and self.batches == "balanced":
            raise NasTcError(
                "batches=balanced deals classes one by one, and these images have several labels; "
                "set class_weights=balanced"
            )

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain numbers and lists, for `from_dict`."""
        return {**asdict(self), **{name: list(getattr(self, name)) for name in _LISTS}}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Recipe":
        """The recipe that `to_dict` described; fields that it lacks have their default.

        Args:
            values: Mapping from `to_dict`.

        Raises:
            NasTcError: A field is unknown, or its value has the wrong type or is out of its range.
        """
        defaults = {each.name: each.default for each in fields(cls)}
        checked = {}
        for name, value in values.items():
            if name not in defaults:
                raise unknown("field of a recipe", str(name), sorted(defaults))
            checked[name] = typed(name, value, defaults[name])
        return cls(**checked)


def typed(name: str, value: Any, example: Any) -> Any:
    """A field's value in the type of `example`: whole numbers become floats, lists tuples.

    Args:
        name: Name of the field.
        value: Value of the field.
        example: Another value of the field.

    Raises:
        NasTcError: The value has another type.
    """
    if isinstance(example, tuple) and isinstance(value, list | tuple):
        kind = int if name == "drops" else str
        if all(type(item) is kind for item in value):
            return tuple(value)
    elif type(example) is float and type(value) in (int, float):
        return _float(value)
    elif type(example) is type(value):
        return value
    kinds = {int: "a whole number", float: "a number", bool: "true or false", str: "a word"}
    wanted = kinds.get(type(example), "a list")
    raise NasTcError(f"{name} must be {wanted}, not {value!r}")


def _float(value: float) -> float:
    """A number as a float; infinite if it is a whole number that no float can hold."""
    try:
        return float(value)
    except OverflowError:
        return inf


def _check(holds: bool, name: str, value: object, rule: str) -> None:
    if not holds:
        raise NasTcError(f"{name} must be {rule}, not {value}")
