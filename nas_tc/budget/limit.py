"""A budget as limits in numbers, and the check whether a network keeps them."""

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from nas_tc.architecture import Architecture, Shape
from nas_tc.budget.terms import Amount, Bound, Budget, Reference
from nas_tc.cost.measures import MEASURES
from nas_tc.errors import ArchitectureError, BudgetError


@dataclass(frozen=True, slots=True)
class FormulaLimit:
    """A bound that a formula can check, as numbers; both ends are inclusive.

    Attributes:
        bound: The bound as it was written.
        most: Upper end in the unit of the measure, rounded down.
        least: Lower end in the same unit, rounded up.
        reference_input: Input shape of the reference network that `most` is a multiple of; None
            without a reference.
        reference_value: Amount of that network, in the same unit; None without a reference.
    """

    bound: Bound
    most: int
    least: int = 0
    reference_input: Shape | None = None
    reference_value: int | None = None

    def admits(self, value: float) -> bool:
        """Whether an amount is within the bound."""
        return self.least <= value <= self.most

    def amount(self, value: float, *, up: bool = True) -> str:  # noqa: ARG002 - amounts are whole
        """An amount in the budget language; `up` is for other limits, which have to be rounded."""
        return f"{value}{MEASURES[self.bound.measure].quantity.suffix}"

    def shown(self, value: float) -> str:
        """An amount for a printed table."""
        return f"{value:,}"

    def of(self, architecture: Architecture) -> int:
        """Amount of the bound's measure for a network, in the measure's unit.

        Args:
            architecture: Network to measure.

        Raises:
            ArchitectureError: A map shrinks to nothing.
        """
        return MEASURES[self.bound.measure].of(architecture, self.bound.batch)

    def __str__(self) -> str:
        bound = self.bound
        least = None if bound.least is None else self.least
        text = MEASURES[bound.measure].limit_text(self.most, least, bound.batch)
        reference = bound.most.reference
        if reference is None or self.reference_input is None:
            return text
        shape = "x".join(map(str, self.reference_input))
        return f"{text} ({bound.text}; {reference.name} at {shape} has {self.reference_value:,})"


@dataclass(frozen=True, slots=True)
class Limit:
    """All limits of a budget, which a network must keep together.

    Attributes:
        budget: The budget as it was written.
        caps: Limits that a formula can check, the quickest to compute first.
        times: Bounds on times, which have to be measured.
    """

    budget: Budget
    caps: tuple[FormulaLimit, ...]
    times: tuple[Bound, ...] = ()

    @property
    def tightest(self) -> FormulaLimit | None:
        """The lowest limit on the complexity; None if the complexity is free."""
        caps = [cap for cap in self.caps if cap.bound.measure == "complexity"]
        return min(caps, key=lambda cap: cap.most, default=None)

    @property
    def complexity(self) -> int | None:
        """Most multiply-adds of the convolutions for one image; None: any number."""
        return None if self.tightest is None else self.tightest.most

    @property
    def least_complexity(self) -> int:
        """Fewest multiply-adds of the convolutions for one image; 0 without a range."""
        return max((cap.least for cap in self.caps if cap.bound.measure == "complexity"), default=0)

    @property
    def reference_input(self) -> Shape | None:
        """Input shape of the reference network of the complexity; None without a reference."""
        return None if self.tightest is None else self.tightest.reference_input

    @property
    def reference_complexity(self) -> int | None:
        """Multiply-adds of that network for one image; None without a reference."""
        return None if self.tightest is None else self.tightest.reference_value

    def admits(self, complexity: int) -> bool:
        """Whether a complexity keeps the limits on the complexity; other limits are not checked."""
        most = self.complexity
        return self.least_complexity <= complexity and (most is None or complexity <= most)

    def broken_by(self, architecture: Architecture) -> FormulaLimit | None:
        """The first limit in `caps` that a network breaks; None if it keeps all of them.

        Args:
            architecture: Network to check.

        Raises:
            ArchitectureError: A map shrinks to nothing.
        """
        return next((cap for cap in self.caps if not cap.admits(cap.of(architecture))), None)

    def __str__(self) -> str:
        return "; ".join([*map(str, self.caps), *(bound.text for bound in self.times)])


def resolve_budget(budget: Budget, input: Shape, classes: int | None = None) -> Limit:
    """The limits of a budget in numbers, for images of shape `input` (channels, height, width).

    Args:
        budget: The budget as it was written.
        input: Shape of the images. A reference whose side the budget gives, as in 'alexnet@224',
            is computed at that side instead.
        classes: Number of classes of the data; None: each reference keeps its own.

    Raises:
        BudgetError: A reference cannot be built on such images, a limit is below one, or the
            ends of a range are the wrong way round.
    """
    caps = [
        _cap(each, input, classes) for each in budget.bounds if not MEASURES[each.measure].is_timed
    ]
    order = list(MEASURES)
    caps.sort(key=lambda cap: order.index(cap.bound.measure))
    return Limit(budget, tuple(caps), budget.times)


def _cap(bound: Bound, input: Shape, classes: int | None) -> FormulaLimit:
    most, shape, reference_value = _number(bound, bound.most, input, classes)
    if most < 1:
        one = MEASURES[bound.measure].quantity.unit.removesuffix("s")
        raise BudgetError(f"the budget {bound.text!r} is less than one {one}")
    if bound.least is None:
        return FormulaLimit(bound, int(most), 0, shape, reference_value)
    least, _, _ = _number(bound, bound.least, input, classes)
    if least > most:
        raise BudgetError(
            f"the range {bound.text!r} is empty: it goes from {least:,.0f} to {most:,.0f}; write "
            "the smaller end first"
        )
    least_whole = int(least.to_integral_value(ROUND_CEILING))
    return FormulaLimit(bound, int(most), least_whole, shape, reference_value)


def _number(
    bound: Bound, amount: Amount, input: Shape, classes: int | None
) -> tuple[Decimal, Shape | None, int | None]:
    """An amount as a number, and the input shape and the amount of its reference network."""
    reference = amount.reference
    if reference is None:
        return amount.factor, None, None
    network = at_images(reference, input, classes)
    try:
        reference_value = MEASURES[bound.measure].of(network, bound.batch)
    except ArchitectureError as error:
        _, height, width = network.input
        own = reference.architecture.input[1]
        raise BudgetError(
            f"the reference {reference.name!r} cannot be built on {height}x{width} images "
            f"({error}); give it its own images with '{reference.name}@{own}*{amount.factor}'"
        ) from None
    return amount.factor * reference_value, network.input, reference_value


def at_images(reference: Reference, input: Shape, classes: int | None) -> Architecture:
    """The reference network for the data's images and classes, or for images of its own side."""
    network = reference.architecture
    if reference.side is not None:
        return network.at((network.input[0], reference.side, reference.side))
    return network.at(input, classes)
