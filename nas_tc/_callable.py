"""Packages that can be called: `nas_tc.cost("J")` beside `nas_tc.cost.complexity(...)`."""

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any


def make_callable(package: str, function: Callable[..., Any]) -> None:
    """Lets the package named `package` be called as `function`.

    `import nas_tc.cost` binds the name `cost` in `nas_tc` to the package, whatever was there
    before; so for one name to serve as a verb and as a place, the package itself must answer.
    """

    class CallablePackage(ModuleType):
        __doc__ = sys.modules[package].__doc__

        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            return function(*args, **kwargs)

    sys.modules[package].__class__ = CallablePackage
