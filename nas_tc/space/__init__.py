"""Where do candidates come from? Spaces of networks, read from TOML files."""

from nas_tc.space.batch import complexity_batch
from nas_tc.space.load import load_space, parse_space, shipped_spaces
from nas_tc.space.share import CapShare, Share, fitting
from nas_tc.space.size import count_networks, extreme_network
from nas_tc.space.space import Choice, Gene, Space, StageChoices, Values

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
