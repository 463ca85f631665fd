"""Where do candidates come from? Spaces of networks, read from TOML files."""

from typing import TYPE_CHECKING, Any

from nas_tc.space.load import load_space, parse_space, shipped_spaces
from nas_tc.space.share import CapShare, Share, fitting
from nas_tc.space.size import count_networks, extreme_network
from nas_tc.space.space import Choice, Gene, Space, StageChoices, Values

if TYPE_CHECKING:
    from nas_tc.space.batch import complexity_batch as complexity_batch

__all__ = [
    "CapShare",
    "Choice",
    "Gene",
    "Share",
    "Space",
    "StageChoices",
    "Values",
    "complexity_batch",
    "count_networks",
    "extreme_network",
    "fitting",
    "load_space",
    "parse_space",
    "shipped_spaces",
]


def __getattr__(name: str) -> Any:
    if name == "complexity_batch":  # it needs numpy, which the command line does without
        from nas_tc.space.batch import complexity_batch  # noqa: PLC0415

        return complexity_batch
    raise AttributeError(f"module 'nas_tc.space' has no attribute {name!r}")
