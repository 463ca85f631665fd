"""Which setting is next, and which is stopped? An Optuna sampler and pruner under a cost limit.

They serve any study whose cost is known before a trial is run; networks are one use of them.
"""

from nas_tc.sampler.budget_sampler import BudgetSampler
from nas_tc.sampler.pareto_pruner import ParetoPruner

__all__ = ["BudgetSampler", "ParetoPruner"]
