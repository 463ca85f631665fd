"""How a network is trained, as a value."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from nas_tc.errors import NasTcError

AUGMENTATIONS = ("crop", "flip", "colour")
OPTIMIZERS = ("sgd", "muon")
_START = 0.1  # of the peak: where the learning rate begins
_LISTS = ("augment", "drops")


@dataclass(frozen=True, slots=True)
class Recipe:
    """Stochastic gradient descent with momentum, or Muon, and all that goes with it.

    Without `drops` the learning rate follows one cycle: it rises linearly from a tenth of its
    peak over the first part of the steps and falls as a cosine to nothing (Smith & Topin,
    "Super-convergence", 2018), which reaches in a few epochs what steps of constant rates need
    many for. With `drops` it is divided by ten after each of those epochs.

    Raises:
        NasTcError: a value outside its range, by name.
    """

    epochs: int = 12
    batch_size: int = 64  # images
    learning_rate: float = 0.1  # at its peak
    warmup: float = 0.25  # share of the steps before the peak of a cycle
    momentum: float = 0.9
    weight_decay: float = 5e-4  # not on biases and normalisation
    label_smoothing: float = 0.1
    augment: tuple[str, ...] = ()  # of AUGMENTATIONS
    crop_padding: int = 4  # pixels that a random crop may be off by
    margin: int = 0  # pixels that images are larger than the network's input, to crop from
    nesterov: bool = True
    optimizer: Literal["sgd", "muon"] = "sgd"  # of convolutions' filters; all else takes SGD
    drops: tuple[int, ...] = ()  # epochs after which the learning rate is a tenth
    init: Literal["he", "glorot"] = "he"  # variance of the Gaussian that weights are drawn from
    ema: float = 0.0  # decay a step of the weights' moving average; 0: no average
    views: int = 1  # of a test image: 1 or 10

    def __post_init__(self) -> None:
        _check(self.epochs >= 1, "epochs", self.epochs, "1 or more")
        _check(self.batch_size >= 2, "batch_size", self.batch_size, "2 or more")
        _check(self.learning_rate > 0, "learning_rate", self.learning_rate, "more than 0")
        _check(0 <= self.warmup < 1, "warmup", self.warmup, "0 or more and less than 1")
        _check(0 <= self.momentum < 1, "momentum", self.momentum, "0 or more and less than 1")
        _check(self.weight_decay >= 0, "weight_decay", self.weight_decay, "0 or more")
        _check(0 <= self.label_smoothing < 1, "label_smoothing", self.label_smoothing, "in [0, 1)")
        known = ", ".join(AUGMENTATIONS)
        _check(set(self.augment) <= set(AUGMENTATIONS), "augment", self.augment, f"of {known}")
        _check(self.crop_padding >= 0, "crop_padding", self.crop_padding, "0 or more")
        _check(self.margin >= 0, "margin", self.margin, "0 or more")
        rising = list(self.drops) == sorted(set(self.drops)) and min(self.drops, default=1) >= 1
        _check(rising, "drops", self.drops, "rising epochs of 1 or more")
        _check(self.optimizer in OPTIMIZERS, "optimizer", self.optimizer, "sgd or muon")
        _check(self.init in ("he", "glorot"), "init", self.init, "he or glorot")
        _check(0 <= self.ema < 1, "ema", self.ema, "0 or more and less than 1")
        _check(self.views in (1, 10), "views", self.views, "1 or 10")

    @property
    def rungs(self) -> tuple[int, ...]:
        """Epochs after which it is validated: a twelfth, a third, all of them."""
        return tuple(sorted({-(-self.epochs // part) for part in (12, 3, 1)}))

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and lists, as `from_dict` takes them."""
        return {**asdict(self), **{name: list(getattr(self, name)) for name in _LISTS}}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Recipe":
        """The recipe that `to_dict` described; fields that it lacks have their default."""
        lists = {name: tuple(values[name]) for name in _LISTS if name in values}
        return cls(**{**values, **lists})


def one_cycle(progress: float, warmup: float) -> float:
    """The learning rate as a share of its peak.

    torch's own OneCycleLR divides by zero when the warm-up is a single step.

    Args:
        progress: share of the steps that are done, 0 to 1.
        warmup: share of the steps before the peak.
    """
    if progress < warmup:
        return _START + (1 - _START) * progress / warmup
    return (1 + math.cos(math.pi * (progress - warmup) / (1 - warmup))) / 2


def _check(holds: bool, name: str, value: object, rule: str) -> None:
    if not holds:
        raise NasTcError(f"{name} must be {rule}, not {value}")
