"""The networks of an experiment, built from its entries, and the check that they cost the same."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from nas_tc.architecture import Architecture, Shape
from nas_tc.budget import parse_budget, resolve_budget
from nas_tc.cost import complexity
from nas_tc.errors import BudgetError, NasTcError, UnknownNameError, unknown
from nas_tc.experiment.specification import Experiment, NetworkEntry
from nas_tc.families import find_family, fit_family
from nas_tc.replacement import PAPER_TRADE_OFFS, replacements
from nas_tc.zoo import ZOO, find_network

_TOLERANCE = 0.03  # of replacements, where the experiment has no budget


@dataclass(frozen=True, slots=True)
class Entrant:
    """A network that is trained.

    Attributes:
        name: Name in the tables.
        architecture: Network for the images of the experiment.
        complexity: Multiply-adds of its convolutions for one image.
        origin: What it was made of, if it is not written in the file: a replacement, a family.
        paper_error: Error that the paper reports, 0 to 1; None if there is none.
        unequal_because: Reason why its complexity is outside of the budget; None if it is within.
    """

    name: str
    architecture: Architecture
    complexity: int
    origin: str = ""
    paper_error: float | None = None
    unequal_because: str | None = None


def entrants(experiment: Experiment, channels: int, classes: int) -> tuple[Entrant, ...]:
    """All networks of an experiment, in its order.

    Args:
        experiment: Experiment to build the networks of.
        channels: Channels of the images.
        classes: Number of classes of the images.

    Raises:
        NasTcError: A network is unknown, cannot be built on such images, is listed twice, or is
            outside of the budget without a reason; or a claim names a network that is not there.
            The message names the network.
    """
    images = (channels, *experiment.input[1:])
    found: list[Entrant] = []
    for entry in _reference_first(experiment):
        try:
            for each in _made(entry, experiment, found, images, classes):
                _check_new(each, found)
                found.append(each)
        except NasTcError as error:
            raise type(error)(f"network {entry.name!r}: {error}") from None
    checked = _check_cost(found, experiment)
    _check_claims(experiment, [each.name for each in found])
    order = [entry.name for entry in experiment.networks]
    return tuple(sorted(checked, key=lambda each: order.index(_entry_name(each.name, order))))


def cost_range(experiment: Experiment, reference: int) -> tuple[int, int]:
    """Least and greatest complexity that the budget of an experiment admits, multiply-adds."""
    assert experiment.equal_cost is not None
    factor = 1 + experiment.equal_cost.tolerance
    return -int(-reference // factor), int(reference * factor)


def _entry_name(name: str, order: Sequence[str]) -> str:
    return name if name in order else name.rpartition("-")[0]


def _changed(network: Architecture, entry: NetworkEntry) -> Architecture:
    """The network with the head, the normalisation and the activation that its entry names."""
    return replace(
        network,
        head=entry.head or network.head,
        norm=entry.norm or network.norm,
        activation=entry.activation or network.activation,
    )


def _reference_first(experiment: Experiment) -> list[NetworkEntry]:
    """The entries with the budget's reference first, because families are cut to it."""
    reference = experiment.equal_cost and experiment.equal_cost.reference
    return sorted(experiment.networks, key=lambda entry: entry.name != reference)


def _made(
    entry: NetworkEntry,
    experiment: Experiment,
    earlier: Sequence[Entrant],
    images: Shape,
    classes: int,
) -> Iterator[Entrant]:
    """The network of an entry, or all replacements or networks of a study that it stands for."""
    input = images if entry.resolution is None else (images[0], *entry.resolution)

    def entrant(name: str, network: Architecture, origin: str = "") -> Entrant:
        cost = complexity(network)  # refuses a map that shrinks to nothing
        return Entrant(name, network, cost, origin, entry.paper_error, entry.unequal_because)

    head, norm = entry.head or experiment.head, entry.norm or experiment.norm
    if entry.network is not None:
        network = find_network(entry.network).at(input, classes)
        if entry.network not in ZOO and not entry.network.endswith(".json"):
            network = replace(network, head=head, norm=norm, activation=experiment.activation)
        yield entrant(entry.name, _changed(network, entry))
    elif entry.family is not None:
        reference = _reference(experiment, earlier)
        low, high = cost_range(experiment, reference.complexity)
        text = f"{high}" if entry.unequal_because else f"complexity in {low}..{high}"
        limits = resolve_budget(parse_budget(text), input, classes).caps
        family = find_family(entry.family)
        fitted = fit_family(family, limits, input, classes, norm=norm, head=head)
        network = _changed(fitted.architecture, entry)
        yield entrant(entry.name, network, f"{family.name}, {fitted.described}")
    elif entry.study is not None:
        from nas_tc.experiment.from_study import best_of_study  # noqa: PLC0415 - loads pandas

        record, best = best_of_study(Path(entry.study), entry.most or 1)
        for count, trial in enumerate(best, start=1):
            own = trial.architecture.on_images(record.settings["data"]["shape"], images)
            network = _changed(own.at(input if entry.resolution else own.input, classes), entry)
            name = entry.name if entry.most is None else f"{entry.name}-{count}"
            yield entrant(name, network, f"trial {trial.number} of {entry.study}")
    else:
        assert entry.replacements_of is not None
        names = {each.name: each for each in earlier}
        if entry.replacements_of not in names:
            raise unknown("network before it", entry.replacements_of, names)
        tolerance = experiment.equal_cost.tolerance if experiment.equal_cost else _TOLERANCE
        original = names[entry.replacements_of].architecture
        known = {each.architecture for each in earlier}
        kinds = entry.kinds or PAPER_TRADE_OFFS
        ways = (
            each
            for each in replacements(original, tolerance=tolerance, kinds=kinds)
            if each.architecture not in known and _within(each.complexity, experiment, earlier)
        )
        count = 0
        for count, way in enumerate(islice(ways, entry.most), start=1):
            yield entrant(
                f"{entry.name}-{count}",
                way.architecture,
                f"{entry.replacements_of}: {way.change}, {way.place}",
            )
        if not count:
            raise BudgetError(
                f"{entry.replacements_of} has no replacement within {tolerance:.1%} of the "
                "complexity; allow more in [budget] tolerance, or name other kinds"
            )


def _within(cost: int, experiment: Experiment, earlier: Sequence[Entrant]) -> bool:
    if experiment.equal_cost is None:
        return True
    low, high = cost_range(experiment, _reference(experiment, earlier).complexity)
    return low <= cost <= high


def _reference(experiment: Experiment, earlier: Sequence[Entrant]) -> Entrant:
    """The budget's reference, which is built before all others.

    Raises:
        BudgetError: The experiment has no budget, or its reference is the network in question.
    """
    if experiment.equal_cost is None or not earlier:
        raise BudgetError(
            "a family is cut to the complexity of another network: name it in [budget] reference"
        )
    return earlier[0]


def _check_new(entrant: Entrant, found: Sequence[Entrant]) -> None:
    for other in found:
        if other.name == entrant.name:
            raise NasTcError(f"two networks have the name {entrant.name!r}; rename one")
        if other.architecture == entrant.architecture:
            raise NasTcError(f"it is the same network as {other.name!r}; leave one out")


def _check_cost(found: Sequence[Entrant], experiment: Experiment) -> list[Entrant]:
    """The networks; the reason to be unequal is dropped where it is not needed.

    Raises:
        BudgetError: A network is outside of the budget without a reason.
    """
    if experiment.equal_cost is None:
        return list(found)
    reference = found[0]
    low, high = cost_range(experiment, reference.complexity)
    checked = []
    for each in found:
        within = low <= each.complexity <= high
        if not within and each.unequal_because is None:
            raise BudgetError(
                f"network {each.name!r} has {each.complexity:,} multiply-adds, "
                f"x{each.complexity / reference.complexity:.3f} of {reference.name}'s "
                f"{reference.complexity:,}; the budget admits {low:,} to {high:,}: change its "
                "widths, raise [budget] tolerance, or give the reason as unequal_because"
            )
        checked.append(replace(each, unequal_because=None) if within else each)
    return checked


def _check_claims(experiment: Experiment, names: Sequence[str]) -> None:
    for number, claim in enumerate(experiment.claims, start=1):
        for name in claim.names:
            if name not in names:
                raise UnknownNameError(f"claim {number}: {unknown('network', name, names)}")
        if len(set(claim.names)) < len(claim.names):
            raise NasTcError(f"claim {number}: {claim.order!r} names a network twice")
