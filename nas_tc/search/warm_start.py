"""Warm start: known networks are trained first, and results of earlier studies are reused."""

import re
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.trial import TrialState

from nas_tc.architecture import Architecture, format_notation
from nas_tc.cost import network_cost
from nas_tc.errors import NasTcError, SpaceError, StudyError
from nas_tc.search.events import Listener
from nas_tc.search.settings import Settings
from nas_tc.search.trials import queued_networks
from nas_tc.space import Space
from nas_tc.study.attributes import (
    ARCHITECTURE_KEY,
    OUT_OF_SPACE_KEY,
    REUSED_KEY,
    REUSED_SEED_KEY,
    TEST_ERRORS_KEY,
    TRAIN_LOSSES_KEY,
    confusion_key,
)
from nas_tc.study.comparison import training_difference
from nas_tc.study.files import weights_file
from nas_tc.study.front import pareto_front
from nas_tc.study.record import StudyRecord, read_study, record_of
from nas_tc.study.trial import TrialRecord
from nas_tc.zoo import find_network, names_study

Size = tuple[int, int]  # height and width, pixels
_STATES = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED}


@dataclass(frozen=True)
class Start:
    """The value of one `--start`: a network, or a study to take networks from.

    Attributes:
        text: The value as the user wrote it.
        network: Network; None: the text names a study.
        study: Study; None: the text names a network.
        side: Side of the network's input that the text asks for, pixels; None: it asks for none.
    """

    text: str
    network: Architecture | None = None
    study: StudyRecord | None = None
    side: int | None = None

    def settle(self, settings: Settings) -> Self:
        """The same start, its network with the channels, head and normalisation of the space.

        The network's input has the size that the text asks for. Otherwise the network keeps its own
        if it is in the space so, and takes that of the space if not.

        Args:
            settings: Settings of the search.

        Raises:
            NasTcError: The network is outside the budget, or does not exist at this input.
        """
        if self.network is None:
            return self
        space, own = settings.space, self.network.input[1:]
        size = space.input[1:] if self.side is None else (self.side, self.side)
        if (
            self.side is None
            and own != size
            and genes_of(_adapted(self.network, own, space), space)
        ):
            size = own
        return replace(self, network=_admitted(self.text, self.network, size, settings))

    def __str__(self) -> str:
        notation = "" if self.network is None else format_notation(self.network.stages)
        return f"{self.text}, {notation}" if notation not in ("", self.text) else self.text


def parse_start(text: str) -> Start:
    """A network by name, notation or JSON file, at a size of its own if "@24" follows; or a study.

    Args:
        text: Value of `--start`.

    Raises:
        NasTcError: The text is none of these.
    """
    if names_study(text):
        return Start(text, study=read_study(Path(text)))
    name, at, side = text.rpartition("@")
    if not at:
        return Start(text, network=find_network(text))
    if re.fullmatch(r"[1-9]\d{0,4}", side) is None:
        raise NasTcError(f"--start {text}: behind the @ is a side in pixels, as in J@24")
    return Start(text, network=find_network(name), side=int(side))


def start_with(
    study: optuna.Study,
    path: Path,
    settings: Settings,
    starts: Sequence[Start],
    listener: Listener,
) -> None:
    """Queues networks and reuses results; what the study has already stays as it is.

    A network need not be in the space; it is trained and compared like the others. From a study
    with the same images and recipe, whatever its budget or space, results are reused. From any
    other study, the front is trained again. The same holds under a limit on time, since no result
    contains the time of a network on this machine. A result that would join the front without its
    weights is not reused either: its network is trained.

    Args:
        study: Open study.
        path: Path of the study file.
        settings: Settings of the search.
        starts: Networks and studies to start with, settled.
        listener: Receives a note about each start.

    Raises:
        StudyError: Weights cannot be copied.
    """
    known = {trial.architecture for trial in record_of(study, path).trials}
    known.update(queued_networks(study, settings.space))
    for start in starts:
        if start.network is not None:
            if start.network not in known:
                known.add(start.network)
                enqueue(study, start.network, settings.space)
            listener.note(f"start: {start}")
        elif start.study is not None and start.study.path.resolve() != path.resolve():
            _take_study(study, path, settings, start.study, known, listener)


def enqueue(
    study: optuna.Study,
    network: Architecture,
    space: Space,
    attributes: dict[str, Any] | None = None,
) -> None:
    """Queues a network by its genes, or the network itself if it is out of the space."""
    genes = genes_of(network, space)
    out_of_space = {} if genes else {OUT_OF_SPACE_KEY: network.to_dict()}
    study.enqueue_trial(genes, user_attrs={**out_of_space, **(attributes or {})})


def genes_of(network: Architecture, space: Space) -> dict[str, Any]:
    """The genes that decode to a network; empty if it is out of the space."""
    with suppress(SpaceError):
        genes = space.encode(network)
        if space.decode(genes) == network:
            return dict(genes)
    return {}


def _adapted(network: Architecture, size: Size, space: Space) -> Architecture:
    """The network with the channels, head, normalisation and classes of the space, at `size`."""
    return replace(
        network,
        input=(space.input[0], *size),
        head=space.head,
        norm=space.norm,
        classes=space.classes,
    )


def _admitted(text: str, network: Architecture, size: Size, settings: Settings) -> Architecture:
    """The network as `_adapted` makes it, if it is within the budget; see `Start.settle`."""
    own = _adapted(network, size, settings.space)
    try:
        broken = settings.limit.broken_by(own)
    except NasTcError as error:
        raise NasTcError(f"--start {text}: {error}") from None
    if broken is not None:
        raise NasTcError(
            f"--start {text}: {broken.bound.measure} {broken.of(own):,} is outside the budget, "
            f"{broken}; change the budget or leave the network out"
        )
    return own


def _take_study(
    study: optuna.Study,
    path: Path,
    settings: Settings,
    source: StudyRecord,
    known: set[Architecture],
    listener: Listener,
) -> None:
    """Reuses results of an earlier study if they compare, or else queues its front."""
    space = settings.space
    differs = training_difference(dict(source.settings), settings.to_dict())
    if differs is None and settings.times:
        differs = "times: they must be measured here"
    candidates = (
        source.front
        if differs
        else [t for t in source.trials if t.state in _STATES and not t.is_landmark]
    )
    bare = set() if differs else _without_weights(source, settings)
    taken = queued = 0
    for trial in candidates:
        if differs:
            with suppress(NasTcError):
                network = trial.architecture.on_images(
                    source.settings["data"]["shape"], space.input
                )
                network = _admitted(source.path.name, network, network.input[1:], settings)
                if network not in known:
                    known.add(network)
                    enqueue(study, network, settings.space)
                    taken += 1
        elif (
            trial.architecture not in known and settings.limit.broken_by(trial.architecture) is None
        ):
            known.add(trial.architecture)
            if trial.number in bare:
                enqueue(study, trial.architecture, settings.space)
                queued += 1
            else:
                _take_result(study, path, settings.space, source, trial)
                taken += 1
    what = f"networks of its front to train again ({differs})" if differs else "results"
    if queued:
        what += f", {queued} more to train again (weights not kept)"
    listener.note(f"start: {source.path}: {taken} of {len(candidates)} {what}")


def _without_weights(source: StudyRecord, settings: Settings) -> set[int]:
    """Trials that would be on a front within this budget, but whose weights were not kept.

    A budget with a floor, or with other limits, may leave out the trials that beat them.
    """
    fitting = [t for t in source.complete if settings.limit.broken_by(t.architecture) is None]
    return {
        t.number for t in pareto_front(fitting) if not weights_file(source.path, t.number).is_file()
    }


def _take_result(
    study: optuna.Study, path: Path, space: Space, source: StudyRecord, trial: TrialRecord
) -> None:
    """Adds a finished trial of another study, its weights first if they are kept."""
    number = len(study.get_trials(deepcopy=False))
    weights = weights_file(source.path, trial.number)
    if weights.is_file():
        file = weights_file(path, number)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(weights, file)
        except OSError as error:
            raise StudyError(
                f"cannot copy {weights} to {file}: {error.strerror}; reused results are kept: make "
                "room and run the same command again"
            ) from None
    genes = genes_of(trial.architecture, space)
    distributions: dict[str, BaseDistribution] = {
        gene.name: CategoricalDistribution(gene.choices)
        for gene in space.genes
        if gene.name in genes
    }
    cost = network_cost(trial.architecture)
    own_seed = source.settings["seed"] if trial.reused is None else trial.reused_seed
    study.add_trial(
        optuna.trial.create_trial(
            state=_STATES[trial.state],
            value=trial.val_error if trial.state == "complete" else None,
            params=genes,
            distributions=distributions,
            user_attrs={
                ARCHITECTURE_KEY: trial.architecture.to_dict(),
                "complexity": cost.complexity,
                "params": cost.params,
                "train_s": trial.train_s,
                TRAIN_LOSSES_KEY: {str(e): loss for e, loss in trial.train_losses.items()},
                REUSED_KEY: f"{source.path.name}#{trial.number}",
                REUSED_SEED_KEY: own_seed,
            },
            intermediate_values=dict(trial.val_errors),
        )
    )
    if trial.confusion is not None:
        study.set_user_attr(confusion_key(number), trial.confusion.to_dict())
    if trial.test_error is not None:
        tested = study.user_attrs.get(TEST_ERRORS_KEY, {})
        study.set_user_attr(TEST_ERRORS_KEY, {**tested, str(number): trial.test_error})
