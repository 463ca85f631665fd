"""Who is next, who stops, who runs where? Call the package itself: `nas_tc.search("120M")`."""

from nas_tc._callable import make_callable
from nas_tc.search.api import DEFAULT_TRIALS, search
from nas_tc.search.budget_sampler import BudgetSampler
from nas_tc.search.events import Listener, Progress, Silence
from nas_tc.search.front import check_objectives, objective, pareto_front
from nas_tc.search.pruner import ParetoPruner
from nas_tc.search.recommend import Recommendation, Tried, recommend, recommend_network
from nas_tc.search.records import StudyRecord, TrialRecord, read_study
from nas_tc.search.reruns import rerun
from nas_tc.search.seeds import Rerun, Spread
from nas_tc.search.study_files import study_folder, weights_file
from nas_tc.search.weights import without_weights

__all__ = [
    "DEFAULT_TRIALS",
    "BudgetSampler",
    "Listener",
    "ParetoPruner",
    "Progress",
    "Recommendation",
    "Rerun",
    "Silence",
    "Spread",
    "StudyRecord",
    "TrialRecord",
    "Tried",
    "check_objectives",
    "objective",
    "pareto_front",
    "read_study",
    "recommend",
    "recommend_network",
    "rerun",
    "search",
    "study_folder",
    "weights_file",
    "without_weights",
]

make_callable(__name__, search)
