"""Creates the next trial of a study, and records its network, its cost and its rungs."""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

import msgspec
import optuna
from optuna.trial import FrozenTrial, TrialState

from nas_tc.architecture import Architecture
from nas_tc.cost import network_cost
from nas_tc.sampler import BudgetSampler
from nas_tc.sampler.open_trials import OpenTrials
from nas_tc.space import Space
from nas_tc.study.attributes import ARCHITECTURE_KEY, OUT_OF_SPACE_KEY, TRAIN_LOSSES_KEY
from nas_tc.study.study_storage import batch, turn
from nas_tc.training import Rung


def ask(study: optuna.Study, space: Space) -> tuple[optuna.Trial, Architecture] | None:
    """The next trial, queued or proposed by the study's sampler, and its network.

    None if nothing is queued, and the space has no other network within the budget.

    Args:
        study: Open study with a `BudgetSampler`.
        space: Space of the networks.
    """
    with turn(study):
        if study.get_trials(deepcopy=False, states=(TrialState.WAITING,)):
            with batch(study):
                return _queued(study, space)
        return _proposed(study, space)


def _proposed(study: optuna.Study, space: Space) -> tuple[optuna.Trial, Architecture] | None:
    """A new trial with the sampler's next proposal; None if there is none."""
    assert isinstance(study.sampler, BudgetSampler)
    genes = study.sampler.propose(study)
    if genes is None:
        return None
    architecture = space.decode(genes)
    # In one transaction: a search that is killed leaves the whole trial, or none.
    row = study._storage.create_new_trial(
        study._study_id,
        optuna.trial.create_trial(
            state=TrialState.RUNNING,
            params=dict(genes),
            distributions=study.sampler.distributions,
            user_attrs={**_cost_attributes(architecture), ARCHITECTURE_KEY: architecture.to_dict()},
        ),
    )
    return optuna.Trial(study, row), architecture


def _queued(study: optuna.Study, space: Space) -> tuple[optuna.Trial, Architecture]:
    """The first trial of the queue."""
    trial = study.ask()
    if OUT_OF_SPACE_KEY in trial.user_attrs:
        architecture = Architecture.from_dict(trial.user_attrs[OUT_OF_SPACE_KEY])
    else:
        for gene in space.genes:
            trial.suggest_categorical(gene.name, gene.choices)
        architecture = space.decode(trial.params)
    for key, value in _cost_attributes(architecture).items():
        trial.set_user_attr(key, value)
    # Written last: readers skip a trial without it, as one that was killed between the writes.
    trial.set_user_attr(ARCHITECTURE_KEY, architecture.to_dict())
    return trial, architecture


def record_rungs(trial: optuna.Trial, rungs: Sequence[Rung]) -> None:
    """Records further rungs of a trial: errors, losses and seconds.

    Args:
        trial: Trial in training.
        rungs: Rungs that the study does not have yet, in their order; at least one.
    """
    losses = {str(rung.epoch): rung.train_loss for rung in rungs}
    before = attributes_of(trial).get(TRAIN_LOSSES_KEY, {})
    trial.set_user_attr(TRAIN_LOSSES_KEY, {**before, **losses})
    for rung in rungs:
        trial.report(rung.val_error, rung.epoch)
    trial.set_user_attr("validation_s", round(rungs[-1].validation_s, 3))


def frozen_trial(trial: optuna.Trial) -> FrozenTrial:
    """A trial as the study has it now."""
    return trial.storage.get_trial(trial._trial_id)


def attributes_of(trial: optuna.Trial) -> Mapping[str, Any]:
    """The user attributes of a trial; `Trial.user_attrs` is a copy of all that is in them."""
    return frozen_trial(trial).user_attrs


def tell(trial: optuna.Trial, state: TrialState, error: float | None = None) -> FrozenTrial:
    """Ends a trial, as `Study.tell` does, which copies all that a trial has.

    Args:
        trial: Running trial.
        state: State that it ends in.
        error: Its error; None: the last one that was reported, where it is pruned.

    Returns:
        The trial as the study has it now.
    """
    known = frozen_trial(trial)
    if state == TrialState.PRUNED and known.last_step is not None:
        error = known.intermediate_values[known.last_step]
    values = None if error is None else [float(error)]
    trial.storage.set_trial_state_values(trial._trial_id, state, values)
    return frozen_trial(trial)


def queued_networks(study: optuna.Study, space: Space) -> list[Architecture]:
    """The networks that wait to be trained."""
    return [
        Architecture.from_dict(trial.user_attrs[OUT_OF_SPACE_KEY])
        if OUT_OF_SPACE_KEY in trial.user_attrs
        else space.decode(trial.system_attrs["fixed_params"])
        for trial in study.get_trials(deepcopy=False, states=(TrialState.WAITING,))
    ]


def running_networks(study: optuna.Study) -> list[Architecture]:
    """The networks that are being trained."""
    return [
        Architecture.from_dict(trial.user_attrs[ARCHITECTURE_KEY])
        for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        if ARCHITECTURE_KEY in trial.user_attrs
    ]


def _cost_attributes(architecture: Architecture) -> dict[str, Any]:
    cost = network_cost(architecture)  # multiply-adds for one image, parameters
    return {"complexity": cost.complexity, "params": cost.params}


class Trainings:
    """Counts the trainings of each network in a study; trials that have ended are read once."""

    def __init__(self) -> None:
        self._open = OpenTrials()
        self._ended: dict[bytes, list[int]] = {}  # numbers of trials by their network

    def before(self, study: optuna.Study, number: int, architecture: Architecture) -> int:
        """Number of earlier trials that trained this network or are training it.

        Args:
            study: Open study.
            number: Number of the trial that trains it now.
            architecture: Network.
        """
        own = _key(architecture.to_dict())
        running = 0
        for trial in self._open.of(study.get_trials(deepcopy=False)):
            if trial.state in (TrialState.COMPLETE, TrialState.PRUNED):
                if (key := _key_of(trial)) is not None:
                    self._ended.setdefault(key, []).append(trial.number)
            elif trial.state == TrialState.RUNNING and trial.number < number:
                running += _key_of(trial) == own
        return running + sum(each < number for each in self._ended.get(own, ()))


def _key_of(trial: FrozenTrial) -> bytes | None:
    values = trial.user_attrs.get(ARCHITECTURE_KEY)
    return None if values is None else _key(values)


def _key(values: dict[str, Any]) -> bytes:
    """A network in few bytes, since studies have thousands."""
    return blake2b(msgspec.json.encode(values, order="sorted"), digest_size=16).digest()
