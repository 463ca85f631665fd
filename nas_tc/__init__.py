"""nas-tc: neural architecture search for convolutional networks under a time budget.

    result = nas_tc.search(budget="alexnet*0.6")
    nas_tc.cost("J").complexity
    nas_tc.load_space("plain-32")
    nas_tc.parse_budget("alexnet*0.6")

Names are loaded when they are first used, so that `import nas_tc` costs milliseconds.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nas_tc.errors import NasTcError

if TYPE_CHECKING:
    from nas_tc.architecture import Architecture as Architecture
    from nas_tc.architecture import Stage as Stage
    from nas_tc.budget import parse_budget as parse_budget
    from nas_tc.cost import cost as cost
    from nas_tc.export import load as load
    from nas_tc.module import build as build
    from nas_tc.search import search as search
    from nas_tc.space import load_space as load_space

__version__ = "0.1.0"

# `cost` and `search` are packages that can be called, see nas_tc/_callable.py.
_HOMES = {
    "Architecture": "nas_tc.architecture",
    "Stage": "nas_tc.architecture",
    "build": "nas_tc.module",
    "cost": "nas_tc.cost",
    "load": "nas_tc.export",
    "load_space": "nas_tc.space",
    "parse_budget": "nas_tc.budget",
    "search": "nas_tc.search",
}

__all__ = [
    "Architecture",
    "NasTcError",
    "Stage",
    "__version__",
    "build",
    "cost",
    "load",
    "load_space",
    "parse_budget",
    "search",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'nas_tc' has no attribute {name!r}")
    home = import_module(_HOMES[name])
    return home if home.__name__ == f"nas_tc.{name}" else getattr(home, name)
