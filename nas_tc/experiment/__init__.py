"""Do the paper's comparisons hold here? Networks, seeds and claims; tables and verdicts.

An experiment trains a list of networks at equal cost and tests claims about the order of their
errors. docs/experiments.md describes files and results.
"""

from nas_tc.experiment.networks import Entrant, entrants
from nas_tc.experiment.read import load_experiment, parse_experiment, shipped_experiments
from nas_tc.experiment.recipe import recipe_of
from nas_tc.experiment.relations import Relation, relations
from nas_tc.experiment.specification import Claim, EqualCost, Experiment, NetworkEntry

__all__ = [
    "Claim",
    "Entrant",
    "EqualCost",
    "Experiment",
    "NetworkEntry",
    "Relation",
    "entrants",
    "load_experiment",
    "parse_experiment",
    "recipe_of",
    "relations",
    "shipped_experiments",
]
