"""Who trains what, where and when? The package can be called: `nas_tc.search("120M")`."""

from nas_tc._callable import make_callable
from nas_tc.search.api import search
from nas_tc.search.events import Listener, NullListener, Progress, RunningTrial
from nas_tc.search.reruns import rerun
from nas_tc.search.stages import DEFAULT_TRIALS

__all__ = [
    "DEFAULT_TRIALS",
    "Listener",
    "NullListener",
    "Progress",
    "RunningTrial",
    "rerun",
    "search",
]

make_callable(__name__, search)
