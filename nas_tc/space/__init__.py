"""Where do candidates come from? Spaces of networks, read from TOML files."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nas_tc.space.alike import most_alike
from nas_tc.space.around import space_around
from nas_tc.space.choices import Choice, Gene, StageChoices
from nas_tc.space.load import load_space, parse_space, shipped_spaces
from nas_tc.space.nearest import Limited, nearest_network
from nas_tc.space.reach import Reach
from nas_tc.space.share import LimitShare, SpaceShare, fitting, refusal
from nas_tc.space.size import count_networks, extreme_network, extreme_networks
from nas_tc.space.space import Space, Values, genes_of

if TYPE_CHECKING:
    from nas_tc.space.amounts import amounts_batch as amounts_batch
    from nas_tc.space.amounts import keeps_limits as keeps_limits
    from nas_tc.space.batch import complexity_batch as complexity_batch
    from nas_tc.space.canonical import canonical_settings as canonical_settings
    from nas_tc.space.feasible import Feasible as Feasible
    from nas_tc.space.joint import Joint as Joint
    from nas_tc.space.unused import dead_choices as dead_choices

__all__ = [
    "Choice",
    "Feasible",
    "Gene",
    "Joint",
    "LimitShare",
    "Limited",
    "Reach",
    "Space",
    "SpaceShare",
    "StageChoices",
    "Values",
    "amounts_batch",
    "canonical_settings",
    "complexity_batch",
    "count_networks",
    "dead_choices",
    "extreme_network",
    "extreme_networks",
    "fitting",
    "genes_of",
    "keeps_limits",
    "load_space",
    "most_alike",
    "nearest_network",
    "parse_space",
    "refusal",
    "shipped_spaces",
    "space_around",
]


_WITH_NUMPY = {  # the command line does without it
    "Feasible": "nas_tc.space.feasible",
    "Joint": "nas_tc.space.joint",
    "amounts_batch": "nas_tc.space.amounts",
    "canonical_settings": "nas_tc.space.canonical",
    "complexity_batch": "nas_tc.space.batch",
    "dead_choices": "nas_tc.space.unused",
    "keeps_limits": "nas_tc.space.amounts",
}


def __getattr__(name: str) -> Any:
    if name in _WITH_NUMPY:
        return getattr(import_module(_WITH_NUMPY[name]), name)
    raise AttributeError(f"module 'nas_tc.space' has no attribute {name!r}")
