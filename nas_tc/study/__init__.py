"""What is in a study file? Trials, their front, the recommendation; no torch and no Ray."""

from nas_tc.study.files import study_folder, weights_file
from nas_tc.study.front import check_objectives, objective, pareto_front
from nas_tc.study.recommendation import Recommendation, Tried, recommend, recommend_network
from nas_tc.study.record import StudyRecord, read_study
from nas_tc.study.spread import Rerun, Spread
from nas_tc.study.trial import TrialRecord
from nas_tc.study.weights import without_weights

__all__ = [
    "Recommendation",
    "Rerun",
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
    "study_folder",
    "weights_file",
    "without_weights",
]
