"""What network is a user's torch module? `read_module` reads it, and proves what it read."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nas_tc.reading.factory import check_factory, is_factory, load_module
from nas_tc.reading.own_network import OwnNetwork, own_network

if TYPE_CHECKING:
    from nas_tc.reading.read import Reading as Reading
    from nas_tc.reading.read import read_module as read_module

__all__ = [
    "OwnNetwork",
    "Reading",
    "check_factory",
    "is_factory",
    "load_module",
    "own_network",
    "read_module",
]

_WITH_TORCH = {"Reading": "nas_tc.reading.read", "read_module": "nas_tc.reading.read"}


def __getattr__(name: str) -> Any:
    if name in _WITH_TORCH:
        return getattr(import_module(_WITH_TORCH[name]), name)
    raise AttributeError(f"module 'nas_tc.reading' has no attribute {name!r}")
