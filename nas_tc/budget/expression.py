"""The budget language: what a user types, as a value.

alexnet*0.6        0.6 of the complexity of the zoo's alexnet on the data searched on
alexnet@224*0.6    the same on 224x224 images
120M               120 million multiply-adds
"""

import re
from dataclasses import dataclass
from decimal import Decimal

from nas_tc.errors import BudgetError, unknown
from nas_tc.zoo import ZOO

_UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_NUMBER = r"(\d+(?:\.\d*)?|\.\d+)(?:[eE]([+-]?\d{1,2}))?"
_ABSOLUTE = re.compile(rf"{_NUMBER}\s*([A-Za-z]*)")
_RELATIVE = re.compile(rf"([^\W\d][^\s*@]*)(?:\s*@\s*(\d+))?(?:\s*\*\s*{_NUMBER})?")
_WAYS = "write a network of the zoo times a factor, 'alexnet*0.6', or multiply-adds, '120M'"


@dataclass(frozen=True, slots=True)
class Budget:
    """A limit on the complexity, Eqn. (1), as it was written; `resolve` makes it a number."""

    expression: str
    factor: Decimal  # of the reference; multiply-adds where there is none
    reference: str | None = None  # a name of the zoo
    side: int | None = None  # of the reference's images, pixels; None: the data's

    def __str__(self) -> str:
        return self.expression


def parse_budget(expression: str) -> Budget:
    """The budget that `expression` writes.

    Raises:
        UnknownNameError: a reference that the zoo does not have.
        BudgetError: anything else that cannot be read, or a limit of zero.
    """
    text = expression.strip()
    if match := _ABSOLUTE.fullmatch(text):
        number, exponent, unit = match.groups()
        if unit not in _UNITS:
            raise BudgetError(
                f"unknown unit {unit!r} in the budget {text!r}; multiply-adds take none or one of "
                f"{', '.join(filter(None, _UNITS))}"
            )
        return _checked(Budget(text, _decimal(number, exponent) * _UNITS[unit]))
    if match := _RELATIVE.fullmatch(text):
        name, side, number, exponent = match.groups()
        if name not in ZOO:
            raise unknown("reference", name, ZOO, within=text)
        factor = _decimal(number or "1", exponent)
        return _checked(Budget(text, factor, name, None if side is None else int(side)))
    raise BudgetError(f"cannot read the budget {expression!r}; {_WAYS}")


def _checked(budget: Budget) -> Budget:
    if budget.factor <= 0:
        raise BudgetError(f"a budget must be more than zero: {budget.expression!r}")
    if budget.side == 0:
        raise BudgetError(f"images of 0 pixels in the budget {budget.expression!r}")
    return budget


def _decimal(number: str, exponent: str | None) -> Decimal:
    return Decimal(f"{number}E{exponent or 0}")
