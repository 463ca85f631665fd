"""From a budget to numbers, and to verdicts."""

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from nas_tc.architecture import Architecture, Shape
from nas_tc.budget.terms import Amount, Bound, Budget, Reference
from nas_tc.cost.measures import MEASURES
from nas_tc.errors import ArchitectureError, BudgetError


@dataclass(frozen=True, slots=True)
class Cap:
    """One bound that a formula can check, as numbers; both ends are inclusive.

    Attributes:
        bound: what was written.
        most: multiply-adds, parameters or bytes, rounded down.
        least: the same, rounded up.
        reference_input: shape of the images of the reference of `most`, if there is one.
        reference_value: what the reference has.
    """

    bound: Bound
    most: int
    least: int = 0
    reference_input: Shape | None = None
    reference_value: int | None = None

    def admits(self, value: float) -> bool:
        """Whether a network with this much is within the bound."""
        return self.least <= value <= self.most

    def amount(self, value: float, *, up: bool = True) -> str:  # noqa: ARG002 - it is whole
        """So much as a budget says it."""
        return f"{value}{MEASURES[self.bound.measure].quantity.suffix}"

    def shown(self, value: float) -> str:
        """So much for a table."""
        return f"{value:,}"

    def of(self, architecture: Architecture) -> int:
        """How much of what is limited a network has."""
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
    """All that a network must keep within.

    Attributes:
        budget: the expression that gave it.
        caps: what a formula can check, the quickest first.
        times: what needs a clock.
    """

    budget: Budget
    caps: tuple[Cap, ...]
    times: tuple[Bound, ...] = ()

    @property
    def tightest(self) -> Cap | None:
        """The cap on the complexity that leaves the least; None if the complexity is free."""
        caps = [cap for cap in self.caps if cap.bound.measure == "complexity"]
        return min(caps, key=lambda cap: cap.most, default=None)

    @property
    def complexity(self) -> int | None:
        """The most multiply-adds of the convolutions for one image, Eqn. (1); None: any number."""
        return None if self.tightest is None else self.tightest.most

    @property
    def least_complexity(self) -> int:
        """The fewest; 0 without a range."""
        return max((cap.least for cap in self.caps if cap.bound.measure == "complexity"), default=0)

    @property
    def reference_input(self) -> Shape | None:
        """Shape of the images of the complexity's reference, if there is one."""
        return None if self.tightest is None else self.tightest.reference_input

    @property
    def reference_complexity(self) -> int | None:
        """Of that reference on these images."""
        return None if self.tightest is None else self.tightest.reference_value

    def admits(self, complexity: int) -> bool:
        """Whether a network of this complexity is within the budget, as far as that decides it."""
        most = self.complexity
        return self.least_complexity <= complexity and (most is None or complexity <= most)

    def broken_by(self, architecture: Architecture) -> Cap | None:
        """The first cap that a network does not keep; None if it fits.

        Raises:
            ArchitectureError: a map that shrinks to nothing.
        """
        return next((cap for cap in self.caps if not cap.admits(cap.of(architecture))), None)

    def __str__(self) -> str:
        return "; ".join([*map(str, self.caps), *(bound.text for bound in self.times)])


def resolve_budget(budget: Budget, input: Shape, classes: int | None = None) -> Limit:
    """The limits that a budget means for images of shape `input` (channels, height, width).

    Args:
        budget: what was written.
        input: shape of the images; a reference with a side of its own keeps its own.
        classes: of the data; None leaves a reference its own.

    Raises:
        BudgetError: a reference that cannot be built on such images, a limit below one, or a
            range whose ends are the wrong way round.
    """
    caps = [
        _cap(each, input, classes) for each in budget.bounds if not MEASURES[each.measure].is_timed
    ]
    order = list(MEASURES)
    caps.sort(key=lambda cap: order.index(cap.bound.measure))
    return Limit(budget, tuple(caps), budget.times)


def _cap(bound: Bound, input: Shape, classes: int | None) -> Cap:
    most, shape, unit = _number(bound, bound.most, input, classes)
    if most < 1:
        one = MEASURES[bound.measure].quantity.unit.removesuffix("s")
        raise BudgetError(f"the budget {bound.text!r} is less than one {one}")
    if bound.least is None:
        return Cap(bound, int(most), 0, shape, unit)
    least, _, _ = _number(bound, bound.least, input, classes)
    if least > most:
        raise BudgetError(
            f"the range {bound.text!r} is empty: it goes from {least:,.0f} to {most:,.0f}; write "
            "the smaller end first"
        )
    return Cap(bound, int(most), int(least.to_integral_value(ROUND_CEILING)), shape, unit)


def _number(
    bound: Bound, amount: Amount, input: Shape, classes: int | None
) -> tuple[Decimal, Shape | None, int | None]:
    """What an amount comes to, and the input and the value of its reference."""
    reference = amount.reference
    if reference is None:
        return amount.factor, None, None
    network = at_images(reference, input, classes)
    try:
        unit = MEASURES[bound.measure].of(network, bound.batch)
    except ArchitectureError as error:
        _, height, width = network.input
        own = reference.architecture.input[1]
        raise BudgetError(
            f"the reference {reference.name!r} cannot be built on {height}x{width} images "
            f"({error}); give it its own images with '{reference.name}@{own}*{amount.factor}'"
        ) from None
    return amount.factor * unit, network.input, unit


def at_images(reference: Reference, input: Shape, classes: int | None) -> Architecture:
    """The reference on the data's images and classes, or on its own if it has a side."""
    network = reference.architecture
    if reference.side is not None:
        return network.at((network.input[0], reference.side, reference.side))
    return network.at(input, classes)
