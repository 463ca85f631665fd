"""A sampler that costs nothing, for simulations of what goes wrong elsewhere."""

from functools import cache
from random import Random

from optuna.distributions import CategoricalDistribution

from nas_tc.sampler import BudgetSampler
from nas_tc.space import Feasible


class PlainSampler(BudgetSampler):
    """Proposes each network within the limit once, in an order that the seed decides.

    As with the real sampler, a proposal depends on the seed and the trials of the study alone.

    Args:
        settings: Settings of the search.
    """

    def __init__(self, settings, *_, **__):
        self._networks = _listed(settings.space, settings.limit.complexity, settings.seed)
        self._proposed = {}  # by trial
        self.distributions = {
            gene.name: CategoricalDistribution(gene.choices) for gene in settings.space.genes
        }

    def propose(self, study):
        """Genes of the next network; None if there is none."""
        found = self._next(study)
        return None if found is None else dict(found)

    def _next(self, study, number=None):
        names = list(self._networks[0])
        taken = {
            tuple(params[name] for name in names)
            for trial in study.get_trials(deepcopy=False)
            if trial.number != number
            for params in (trial.params or trial.system_attrs.get("fixed_params", {}),)
            if len(params) == len(names)
        }
        return next((each for each in self._networks if tuple(each.values()) not in taken), None)

    def has_next(self, study):
        return self._next(study) is not None

    def infer_relative_search_space(self, study, trial):
        return {}

    def sample_relative(self, study, trial, search_space):
        return {}

    def sample_independent(self, study, trial, name, distribution):
        if trial.number not in self._proposed:
            self._proposed[trial.number] = self._next(study, trial.number)
        return self._proposed[trial.number][name]


@cache
def _listed(space, most, seed):
    networks = space.values(Feasible(space, 0, most).all().tolist())
    Random(seed).shuffle(networks)
    return networks
