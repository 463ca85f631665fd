"""Known networks that scale: the baselines that a search has to beat."""

from nas_tc.families.family import Family, Form, Size
from nas_tc.families.fit import Fitted, fit_family
from nas_tc.families.table import FAMILIES, find_family

__all__ = ["FAMILIES", "Family", "Fitted", "Form", "Size", "find_family", "fit_family"]
