"""Does it fit? The expression language and the limit that it means."""

from nas_tc.budget.expression import Budget, parse_budget
from nas_tc.budget.limit import Limit, resolve_budget

__all__ = ["Budget", "Limit", "parse_budget", "resolve_budget"]
