"""Who is next, who stops, who runs where? Call the package itself: `nas_tc.search("120M")`."""

from nas_tc._callable import make_callable
from nas_tc.search.api import DEFAULT_TRIALS, search
from nas_tc.search.events import Listener, Progress, Silence
from nas_tc.search.front import check_objectives, objective, pareto_front
from nas_tc.search.pruner import ParetoPruner
from nas_tc.search.records import (
    Rerun,
    Spread,
    StudyRecord,
    TrialRecord,
    read_study,
    study_folder,
    weights_file,
)
from nas_tc.search.reruns import rerun
from nas_tc.search.sampler import AffordableSampler

__all__ = [
    "DEFAULT_TRIALS",
    "AffordableSampler",
    "Listener",
    "ParetoPruner",
    "Progress",
    "Rerun",
    "Silence",
    "Spread",
    "StudyRecord",
    "TrialRecord",
    "check_objectives",
    "objective",
    "pareto_front",
    "read_study",
    "rerun",
    "search",
    "study_folder",
    "weights_file",
]

make_callable(__name__, search)
