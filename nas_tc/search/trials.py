"""Creates the next trial of a study, and records its network and cost."""

import optuna
from optuna.trial import TrialState

from nas_tc.architecture import Architecture
from nas_tc.cost import network_cost
from nas_tc.space import Space
from nas_tc.study.attributes import ARCHITECTURE_KEY, OUT_OF_SPACE_KEY

_TRAINED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING)


def ask(study: optuna.Study, space: Space) -> tuple[optuna.Trial, Architecture]:
    """The next trial, queued or proposed by the study's sampler, and its network."""
    trial = study.ask()
    if OUT_OF_SPACE_KEY in trial.user_attrs:
        architecture = Architecture.from_dict(trial.user_attrs[OUT_OF_SPACE_KEY])
    else:
        for gene in space.genes:
            trial.suggest_categorical(gene.name, gene.choices)
        architecture = space.decode(trial.params)
    cost = network_cost(architecture)  # multiply-adds for one image, parameters
    trial.set_user_attr("complexity", cost.complexity)
    trial.set_user_attr("params", cost.params)
    # Written last: readers skip a trial without it, as one that was killed between the writes.
    trial.set_user_attr(ARCHITECTURE_KEY, architecture.to_dict())
    return trial, architecture


def queued_networks(study: optuna.Study, space: Space) -> list[Architecture]:
    """The networks that wait to be trained."""
    return [
        Architecture.from_dict(trial.user_attrs[OUT_OF_SPACE_KEY])
        if OUT_OF_SPACE_KEY in trial.user_attrs
        else space.decode(trial.system_attrs["fixed_params"])
        for trial in study.get_trials(deepcopy=False, states=(TrialState.WAITING,))
    ]


def trainings_before(study: optuna.Study, number: int, architecture: Architecture) -> int:
    """Number of earlier trials that trained this network or are training it."""
    own = architecture.to_dict()
    return sum(
        other.user_attrs.get(ARCHITECTURE_KEY) == own
        for other in study.get_trials(deepcopy=False, states=_TRAINED)
        if other.number < number
    )
