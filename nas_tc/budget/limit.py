"""From a budget to a number of multiply-adds, and to verdicts."""

from dataclasses import dataclass

from nas_tc.architecture import Shape
from nas_tc.budget.expression import Budget
from nas_tc.cost import complexity
from nas_tc.errors import ArchitectureError, BudgetError
from nas_tc.zoo import ZOO


@dataclass(frozen=True, slots=True)
class Limit:
    """The most complexity that a network may have; where the number comes from.

    Attributes:
        complexity: multiply-adds of the convolutions for one image, Eqn. (1), inclusive.
        budget: the expression that gave it.
        reference_input: shape of the reference's images, if there is a reference.
        reference_complexity: of the reference on that input.
    """

    complexity: int
    budget: Budget
    reference_input: Shape | None = None
    reference_complexity: int | None = None

    def admits(self, complexity: int) -> bool:
        """Whether a network of this complexity is within the budget."""
        return complexity <= self.complexity

    def __str__(self) -> str:
        text = f"{self.complexity:,} multiply-adds"
        if self.reference_input is None:
            return text
        shape = "x".join(map(str, self.reference_input))
        return (
            f"{text} ({self.budget}; {self.budget.reference} at {shape} has "
            f"{self.reference_complexity:,})"
        )


def resolve_budget(budget: Budget, input: Shape) -> Limit:
    """The limit that a budget means for images of shape `input` (channels, height, width).

    Raises:
        BudgetError: the reference cannot be built on such images, or the limit is below one
            multiply-add.
    """
    if budget.reference is None:
        return _limit(budget, 1)
    architecture = ZOO[budget.reference].architecture
    own = architecture.input[0]
    shape = input if budget.side is None else (own, budget.side, budget.side)
    try:
        reference = complexity(architecture.at(shape))
    except ArchitectureError as error:
        raise BudgetError(
            f"the reference {budget.reference!r} cannot be built on {shape[1]}x{shape[2]} images "
            f"({error}); give it its own images with '{budget.reference}@224*{budget.factor}'"
        ) from None
    return _limit(budget, reference, shape)


def _limit(budget: Budget, unit: int, shape: Shape | None = None) -> Limit:
    most = int(budget.factor * unit)
    if most < 1:
        raise BudgetError(f"the budget {budget.expression!r} is less than one multiply-add")
    return Limit(most, budget, shape, None if shape is None else unit)
