"""Calibration: fills a table of layer times by timing networks of a space."""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch

from nas_tc.architecture import Architecture
from nas_tc.errors import ArchitectureError
from nas_tc.latency.layer_profiler import profile_layers
from nas_tc.latency.layer_signature import nodes_of
from nas_tc.latency.layer_times import LayerTimes
from nas_tc.latency.prediction import Prediction
from nas_tc.space import Space
from nas_tc.timing.baseline_speed import ReferenceSpeed
from nas_tc.timing.setting import Setting

_DRAWN = 30  # networks, of which the one with the most new layers is timed
_ATTEMPTS = 1000  # draws in vain, after which the space counts as exhausted


@dataclass(frozen=True, slots=True)
class Timed:
    """A network that was timed for a table.

    Attributes:
        architecture: The network.
        measured_ms: Measured time, milliseconds.
        predicted: Prediction before its layers were in the table; None if a layer was like no
            other.
        new: Number of its layers that were not in the table.
    """

    architecture: Architecture
    measured_ms: float
    predicted: Prediction | None
    new: int


def networks_of(space: Space, random: random.Random) -> Iterator[Architecture]:
    """Networks of a space, drawn uniformly from its settings, without end.

    Draws with maps that shrink to nothing are left out; after a thousand of them in a row it ends.

    Args:
        space: Space at the images' shape and classes.
        random: Source of the draws.

    Yields:
        A network, not always another one.
    """
    failed = 0
    while failed < _ATTEMPTS:
        values = {gene.name: random.choice(gene.choices) for gene in space.genes}
        architecture = space.decode(values)
        try:
            nodes_of(architecture)
        except ArchitectureError:
            failed += 1
            continue
        failed = 0
        yield architecture


def unseen_networks(times: LayerTimes, space: Space, seed: int) -> Iterator[Architecture]:
    """Networks of a space that were never timed, each once.

    Ends when a thousand draws in a row give no new network.

    Args:
        times: Times of the networks to leave out.
        space: Space at the images' shape and classes.
        seed: Seed for the draws.
    """
    seen = set(times.networks)
    in_vain = 0
    for architecture in networks_of(space, random.Random(seed)):
        in_vain += 1
        if in_vain > _ATTEMPTS:
            return
        if architecture.id not in seen:
            seen.add(architecture.id)
            in_vain = 0
            yield architecture


def calibrate(
    times: LayerTimes,
    space: Space,
    setting: Setting,
    device: torch.device,
    *,
    networks: int,
    seed: int = 0,
    reference_speed: ReferenceSpeed | None = None,
) -> Iterator[Timed]:
    """Times networks of a space that have layers the table lacks, and adds these layers to it.

    Of thirty networks drawn, the one with the most new layers is next; when none of thirty has a
    new layer, calibration is over. Every fourth network is drawn uniformly and predicted before it
    is timed, so that the error of the table's predictions is known.

    Args:
        times: Times of the table; grows.
        space: Space at the images' shape and classes.
        setting: Pass, batch and type of numbers to time.
        device: Device to run on; call it within `one_thread` on a processor.
        networks: Largest number of networks to time.
        seed: Seed for the draws.
        reference_speed: Speed that times are corrected to; None: times are what the clock read.

    Yields:
        Each network with its times, after it was timed.
    """
    # A calibration that goes on must not predict networks that it has timed before.
    draw = unseen_networks(times, space, seed + len(times.networks))
    for number in range(networks):
        is_check = number % 4 == 3
        chosen = next(draw, None) if is_check else _most_new(times, draw)
        if chosen is None:
            return
        new = len(times.untimed(chosen))
        if not is_check and not new:
            return
        yield time_network(
            times, chosen, setting, device, check=is_check, reference_speed=reference_speed
        )


def time_network(
    times: LayerTimes,
    architecture: Architecture,
    setting: Setting,
    device: torch.device,
    *,
    check: bool = True,
    reference_speed: ReferenceSpeed | None = None,
) -> Timed:
    """Times a network layer by layer and adds its layers to the table.

    Args:
        times: Times of the table; grows.
        architecture: Network to time.
        setting: Pass, batch and type of numbers to time.
        device: Device to run on; call it within `one_thread` on a processor.
        check: Whether the table keeps the predicted and the measured time, to know its error.
        reference_speed: Speed that times are corrected to; None: times are what the clock read.

    Raises:
        ArchitectureError: A map shrinks to nothing.
    """
    new = len(times.untimed(architecture))
    predicted = times.predict(architecture)
    profile = profile_layers(architecture, setting, device, reference_speed=reference_speed)
    if check and predicted is not None:
        times.add_check(predicted.ms, profile.whole_ms)
    times.add(architecture, profile)
    return Timed(architecture, profile.whole_ms, predicted, new)


def _most_new(times: LayerTimes, draw: Iterable[Architecture]) -> Architecture | None:
    """The one of thirty networks with the most layers that the table lacks."""
    drawn = [architecture for architecture, _ in zip(draw, range(_DRAWN), strict=False)]
    return max(drawn, key=lambda each: len(times.untimed(each)), default=None)
