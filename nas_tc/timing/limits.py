"""Limits on times as numbers: milliseconds, or a factor of a reference's time."""

from dataclasses import dataclass
from typing import cast

from nas_tc.architecture import Architecture, Shape, walk
from nas_tc.budget import Amount, Bound, at_images
from nas_tc.cost.measures import MEASURES
from nas_tc.errors import ArchitectureError, BudgetError, NasTcError
from nas_tc.timing.setting import Runtime, Setting, check_setting


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """A limit on a time, as numbers.

    Attributes:
        text: The limit as it was written.
        measure: Name of the measure: "latency", "train_step", "latency_eager", "train_step_eager".
        setting: What is timed.
        most: Most milliseconds, or the largest factor of the reference's time.
        least: Fewest milliseconds, or the smallest factor.
        reference: Reference on the data's images; None for a limit in milliseconds.
    """

    text: str
    measure: str  # a name of MEASURES
    setting: Setting
    most: float
    least: float = 0.0
    reference: Architecture | None = None

    @property
    def name(self) -> str:
        """Name of the time in the study: "latency", "latency@b8", "train_step@b128"."""
        return MEASURES[self.measure].at_batch(self.setting.batch)


def time_limits(
    bounds: tuple[Bound, ...], input: Shape, classes: int, device: str | None
) -> tuple[TimeLimit, ...]:
    """The limits on times, for images of one shape.

    Args:
        bounds: Limits of a budget that a clock must check.
        input: Channels, height and width of the images.
        classes: Number of classes of the data.
        device: Device of the search, "cpu" or "cuda"; None if a table of another device decides.

    Raises:
        BudgetError: A limit is for another device, in a runtime that is not there, or on the eager
            launches of a processor, which has none; a reference cannot be built on such images, the
            ends of a range are not of one reference or the wrong way round, or two limits are on
            the same time.
    """
    limits = tuple(_limit(bound, input, classes, device) for bound in bounds)
    first: dict[str, TimeLimit] = {}
    for limit in limits:
        if limit.name in first:
            raise BudgetError(
                f"{first[limit.name].text!r} and {limit.text!r} both limit {limit.name}; write one "
                f"limit, or a range such as '{limit.measure} in 1ms..2ms'"
            )
        first[limit.name] = limit
    return limits


def _limit(bound: Bound, input: Shape, classes: int, device: str | None) -> TimeLimit:
    if device is not None and bound.device not in (None, device):
        raise BudgetError(
            f"{bound.text!r} is for {bound.device}, but the search runs on {device}; give the time "
            "table of that device with --time-table, or leave 'on ...' out"
        )
    measure = MEASURES[bound.measure]
    if device == "cpu" and measure.is_eager:
        plain = bound.measure.removesuffix("_eager")
        raise BudgetError(
            f"{bound.text!r}: the search runs on a processor, which launches no kernels and knows "
            f"but one time; write {plain!r} instead of {bound.measure!r}"
        )
    reference = _reference(bound, bound.most, input, classes)
    least = 0.0
    if bound.least is not None:
        if _reference(bound, bound.least, input, classes) != reference:
            raise BudgetError(f"both ends of {bound.text!r} must be of one reference, or in ms")
        least = float(bound.least.factor)
    most = float(bound.most.factor)
    if least > most:
        raise BudgetError(f"the range {bound.text!r} is empty; write the smaller end first")
    assert measure.timed_pass is not None, bound.measure
    runtime = cast(Runtime, bound.runtime)
    setting = Setting(measure.timed_pass, bound.batch, bound.dtype, measure.is_eager, runtime)
    if runtime != "torch" and device is not None:
        _check_runtime(bound, setting, device)
    return TimeLimit(bound.text, bound.measure, setting, most, least, reference)


def _check_runtime(bound: Bound, setting: Setting, device: str) -> None:
    try:
        check_setting(setting, device)
    except NasTcError as error:
        raise BudgetError(f"{bound.text!r}: {error}") from None


def _reference(bound: Bound, amount: Amount, input: Shape, classes: int) -> Architecture | None:
    if amount.reference is None:
        return None
    network = at_images(amount.reference, input, classes)
    try:
        walk(network)
    except ArchitectureError as error:
        raise BudgetError(
            f"the reference of {bound.text!r} cannot be built on {input[1]}x{input[2]} images "
            f"({error}); give it images of its own, as in '{amount.reference.name}@224*0.5'"
        ) from None
    return network
