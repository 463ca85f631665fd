"""Known networks at the search's budget, trained beside its trials: what a winner has to beat."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from nas_tc.architecture import Architecture, Shape, format_notation
from nas_tc.budget import parse_budget, resolve_budget
from nas_tc.cost import complexity
from nas_tc.errors import BudgetError, NasTcError, unknown
from nas_tc.families import FAMILIES, Family, find_family, fit_family
from nas_tc.search.events import Listener
from nas_tc.search.likely_limits import cautious_limits
from nas_tc.search.settings import Settings
from nas_tc.search.time_judge import TimeJudge
from nas_tc.search.trials import queued_networks
from nas_tc.search.warm_start import enqueue, genes_of
from nas_tc.space import Limited, extreme_network, most_alike
from nas_tc.study.attributes import ARCHITECTURE_KEY, BASELINE_KEY
from nas_tc.timing import TimeLimit

_LARGE = 64  # pixels a side
_SMALL_IMAGES = ("vgg", "resnet", "he-sun")
_LARGE_IMAGES = ("he-sun", "resnet", "mobilenetv2")
_DONE = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING, TrialState.WAITING)
_MOST_TRIES = 6  # networks of a family that may exceed a limit on time
_BELOW = 0.95  # of the complexity that would keep the limit if time were proportional to it


@dataclass(frozen=True)
class Baselines:
    """Which families are trained beside the trials.

    Attributes:
        names: of the families; None: those that suit the images and the normalisation.
    """

    names: tuple[str, ...] | None = None

    def families(self, input: Shape, norm: str = "batch") -> tuple[Family, ...]:
        """The families for images of a shape (channels, height, width) and a normalisation."""
        return tuple(each for each in self._asked(input) if not self._lacks_norm(each, norm))

    def left_out(self, input: Shape, norm: str) -> tuple[Family, ...]:
        """The families that suit the images, and that need a normalisation."""
        return tuple(each for each in self._asked(input) if self._lacks_norm(each, norm))

    def _asked(self, input: Shape) -> tuple[Family, ...]:
        suitable = _LARGE_IMAGES if min(input[1:]) >= _LARGE else _SMALL_IMAGES
        return tuple(map(find_family, suitable if self.names is None else self.names))

    def _lacks_norm(self, family: Family, norm: str) -> bool:
        return self.names is None and family.needs_norm and norm == "none"


def parse_baselines(text: str | Sequence[str]) -> Baselines:
    """The families that "auto", "none" or names such as "vgg,resnet" stand for.

    Args:
        text: One of these, or a sequence of names.

    Raises:
        UnknownNameError: There is no such family.
    """
    if text == "auto":
        return Baselines()
    names = text.split(",") if isinstance(text, str) else text
    named = tuple(dict.fromkeys(name.strip() for name in names))
    if named == ("none",):
        return Baselines(())
    for name in named:
        if name not in FAMILIES:
            raise unknown("baseline", name, ("auto", "none", *FAMILIES))
    return Baselines(named)


def lacks_baselines(study: optuna.Study, settings: Settings, baselines: Baselines) -> bool:
    """Whether a family has no network in the study, or one that waits to be trained.

    Args:
        study: Study of the search.
        settings: Settings of the search.
        baselines: Families to train.
    """
    space = settings.space
    families = baselines.families(space.input, space.norm)
    there = _there(study)
    return any(each.name not in there for each in families) or _any_waits(study)


def queue_baselines(
    study: optuna.Study,
    settings: Settings,
    baselines: Baselines,
    listener: Listener,
    judge: TimeJudge | None = None,
) -> bool:
    """Queues a network of each family, unless the study has one already.

    A network of the space is queued by its genes and teaches the model; any other is queued as
    itself. Both have the space's head and normalisation. A new search begins with the members of
    the space that are most like the others: it starts where a known network already is.

    If nothing is predicted of a budget that limits times alone, the first network is as large as
    the reference suggests, or as the costliest of the space. `next_baseline` makes it smaller if it
    is too slow after all.

    Args:
        study: Study, open for writing.
        settings: Settings of the search.
        baselines: Families to train.
        listener: Receives a note about each family.
        judge: Judge of times, which predicts them.

    Returns:
        Whether any baseline waits to be trained.

    Raises:
        NasTcError: A family that was named has no network within the budget.
    """
    there = _there(study)
    is_new = all(
        trial.state == TrialState.WAITING or BASELINE_KEY in trial.user_attrs
        for trial in study.get_trials(deepcopy=False)
    )
    predicted = () if judge is None else cautious_limits(judge, settings.limit.times)
    limits = (*_limits(settings, predicted), *predicted)
    outside: list[Architecture] = []
    space = settings.space
    for family in baselines.left_out(space.input, space.norm):
        listener.note(
            f"baseline {family.name} is left out: it is made for batch normalisation, which this "
            f"space is without; --baselines {family.name} trains it nonetheless"
        )
    for family in baselines.families(space.input, space.norm):
        if family.name in there:
            continue
        try:
            network = _fitted(family, limits, settings)
        except NasTcError as error:
            if baselines.names is not None:
                raise type(error)(f"--baselines {family.name}: {error}") from None
            listener.note(f"baseline {family.name} is left out: {error}")
            continue
        enqueue(study, network, space, {BASELINE_KEY: family.name})
        listener.note(
            f"baseline: {family.name}, {complexity(network):,} multiply-adds, "
            f"{format_notation(network.stages)}"
        )
        if not genes_of(network, space):
            outside.append(network)
    if is_new:
        _queue_alike(study, settings, outside, limits)
    return _any_waits(study)


def _queue_alike(
    study: optuna.Study,
    settings: Settings,
    outside: Sequence[Architecture],
    limits: Sequence[Limited],
) -> None:
    """Queues the member of the space that is most like each of these networks, as a trial."""
    known = set(queued_networks(study, settings.space))
    for network in outside:
        member = most_alike(
            settings.space,
            network,
            lambda found: all(limit.admits(limit.of(found)) for limit in limits),
        )
        if member is not None and member not in known:
            known.add(member)
            enqueue(study, member, settings.space)


def next_baseline(
    study: optuna.Study, settings: Settings, trial: FrozenTrial, too_slow: float
) -> bool:
    """Queues a smaller network of a family in place of a baseline that exceeds a limit on time.

    Args:
        study: Study, open for writing.
        settings: Settings of the search.
        trial: Trial of the refused network.
        too_slow: Ratio of its time to the limit, above 1.

    Returns:
        Whether there is one; after six networks of the family there is none.
    """
    name = trial.user_attrs[BASELINE_KEY]
    tries = sum(
        each.user_attrs.get(BASELINE_KEY) == name for each in study.get_trials(deepcopy=False)
    )
    if tries >= _MOST_TRIES:
        return False
    refused = Architecture.from_dict(trial.user_attrs[ARCHITECTURE_KEY])
    most = int(complexity(refused) / max(1.0, too_slow) * _BELOW)
    try:
        network = _fitted(
            find_family(name), (*settings.limit.caps, *_most_complexity(most)), settings
        )
    except BudgetError:
        return False
    enqueue(study, network, settings.space, {BASELINE_KEY: name})
    return True


def excess_of(times: Sequence[TimeLimit], figures: dict[str, dict[str, Any]]) -> float:
    """The largest ratio of a network's recorded times to their limits.

    Args:
        times: Limits on times.
        figures: Recorded times by name, in milliseconds, and as ratios to the limits' references.
    """
    ratios = [
        float(figures[limit.name].get("ratio", figures[limit.name]["ms"])) / limit.most
        for limit in times
        if limit.name in figures and (limit.reference is None or "ratio" in figures[limit.name])
    ]
    return max(ratios, default=1.0)  # predicted against a reference that was not timed


def _fitted(family: Family, limits: Sequence[Limited], settings: Settings) -> Architecture:
    space = settings.space
    return fit_family(
        family, limits, space.input, space.classes, norm=space.norm, head=space.head
    ).architecture


def _there(study: optuna.Study) -> set[str]:
    """The families of which the study has a network."""
    return {
        trial.user_attrs[BASELINE_KEY]
        for trial in study.get_trials(deepcopy=False, states=_DONE)
        if BASELINE_KEY in trial.user_attrs
    }


def _any_waits(study: optuna.Study) -> bool:
    waiting = study.get_trials(deepcopy=False, states=(TrialState.WAITING,))
    return any(BASELINE_KEY in trial.user_attrs for trial in waiting)


def _limits(settings: Settings, predicted: Sequence[Limited]) -> tuple[Limited, ...]:
    """The limits that a formula can check; a guess of one where nothing limits the complexity."""
    caps: tuple[Limited, ...] = settings.limit.caps
    if settings.limit.complexity is not None or not settings.times or predicted:
        return caps
    guesses = [
        int(complexity(limit.reference) * limit.most)
        for limit in settings.times
        if limit.reference is not None
    ]
    costliest = complexity(extreme_network(settings.space, "costliest"))
    return (*caps, *_most_complexity(max(1, min([*guesses, costliest]))))


def _most_complexity(most: int) -> tuple[Limited, ...]:
    return resolve_budget(parse_budget(str(max(1, most))), (1, 1, 1)).caps
