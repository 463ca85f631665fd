"""Does it fit? The expression language and the limits that it means."""

from nas_tc.budget.expression import IT, parse_budget
from nas_tc.budget.limit import FormulaLimit, Limit, at_images, resolve_budget
from nas_tc.budget.terms import Amount, Bound, Budget, Reference

__all__ = [
    "IT",
    "Amount",
    "Bound",
    "Budget",
    "FormulaLimit",
    "Limit",
    "Reference",
    "at_images",
    "parse_budget",
    "resolve_budget",
]
