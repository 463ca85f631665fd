"""The network that a search is around: it is trained before all others."""

import optuna
from optuna.trial import FrozenTrial, TrialState

from nas_tc.architecture import format_notation
from nas_tc.budget import IT
from nas_tc.cost import complexity
from nas_tc.errors import NasTcError
from nas_tc.reading import OwnNetwork
from nas_tc.search.events import Listener
from nas_tc.search.settings import Settings
from nas_tc.search.trials import attributes_of
from nas_tc.search.warm_start import enqueue, genes_of
from nas_tc.study.attributes import BASELINE_KEY, OUT_OF_SPACE_KEY

_LEFT = (TrialState.COMPLETE, TrialState.RUNNING, TrialState.WAITING)


def is_own(trial: FrozenTrial | optuna.Trial) -> bool:
    """Whether a trial trains the network that the search is around."""
    attributes = trial.user_attrs if isinstance(trial, FrozenTrial) else attributes_of(trial)
    return bool(attributes.get(BASELINE_KEY) == IT)


def queue_own(
    study: optuna.Study, settings: Settings, around: OwnNetwork, listener: Listener
) -> bool:
    """Queues the network itself, unless the study has it already.

    It teaches the model if the space has it and it keeps the limits that a formula can check. It is
    a landmark alone where a limit on a time would judge it: it must not lose against itself.

    Args:
        study: Study, open for writing.
        settings: Settings of the search.
        around: Network of the search.
        listener: Receives a note about it.

    Returns:
        Whether it waits to be trained.

    Raises:
        NasTcError: It cannot have the search's images.
    """
    space = settings.space
    network = around.network.at(space.input, space.classes)
    try:
        own = complexity(network)
        is_member = not settings.times and settings.limit.broken_by(network) is None
    except NasTcError as error:
        raise type(error)(f"--around {around.text}: {error}") from None
    for note in around.notes:
        listener.note(f"--around: {note}")
    where = "" if genes_of(network, space) else "; the space has none with all of its details"
    listener.note(f"it: {own:,} multiply-adds, {format_notation(network.stages)}{where}")
    trials = study.get_trials(deepcopy=False, states=_LEFT)
    if not any(is_own(trial) for trial in trials):
        if is_member:
            enqueue(study, network, space, {BASELINE_KEY: IT})
        else:
            own_attributes = {OUT_OF_SPACE_KEY: network.to_dict(), BASELINE_KEY: IT}
            study.enqueue_trial({}, user_attrs=own_attributes)
    waiting = study.get_trials(deepcopy=False, states=(TrialState.WAITING,))
    return any(is_own(trial) for trial in waiting)
