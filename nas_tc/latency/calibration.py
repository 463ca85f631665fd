"""Fills a table with the layers of a space, by timing networks that hold them."""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch

from nas_tc.architecture import Architecture
from nas_tc.errors import ArchitectureError
from nas_tc.latency.layer_profiler import profile_layers
from nas_tc.latency.layer_signature import nodes_of
from nas_tc.latency.layer_times import LayerTimes, Prediction
from nas_tc.space import Space
from nas_tc.timing.baseline_speed import Pace
from nas_tc.timing.setting import Setting

_DRAWN = 30  # networks, of which the one with the most unknown layers is timed
_ATTEMPTS = 1000


@dataclass(frozen=True, slots=True)
class Timed:
    """A network that was timed, and what the table would have said of it before."""

    architecture: Architecture
    measured_ms: float
    predicted: Prediction | None
    new: int  # layers that the table did not have


def networks_of(space: Space, random: random.Random) -> Iterator[Architecture]:
    """Networks of a space that exist on its images, drawn evenly from its settings, for ever.

    Ends when a thousand draws in a row do not exist.
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
    """Networks of a space, each once, none of which was timed; ends after a thousand in vain."""
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
    pace: Pace | None = None,
) -> Iterator[Timed]:
    """Times networks of a space whose layers the table lacks, and adds them to it.

    Of thirty networks drawn the one with the most unknown layers is next; when the table knows
    all layers of all thirty, calibration is over. Every fourth network is one drawn evenly and
    foretold before it is timed, so that the table learns its own error.

    Args:
        times: grows meanwhile.
        space: at the images' shape and classes.
        setting: what is timed.
        device: where; call it within `one_thread` on a processor.
        networks: to time at most.
        seed: of the draw.
        pace: that times are told at; None: as the clock has them.
    """
    # A calibration that goes on must not foretell the networks that it already knows.
    draw = unseen_networks(times, space, seed + len(times.networks))
    for number in range(networks):
        fair = number % 4 == 3
        chosen = next(draw, None) if fair else _newest(times, draw)
        if chosen is None:
            return
        new = len(times.unknown(chosen))
        if not fair and not new:
            return
        yield time_network(times, chosen, setting, device, check=fair, pace=pace)


def time_network(
    times: LayerTimes,
    architecture: Architecture,
    setting: Setting,
    device: torch.device,
    *,
    check: bool = True,
    pace: Pace | None = None,
) -> Timed:
    """Times a network inside and adds its layers; `check` keeps how well it was foretold."""
    new = len(times.unknown(architecture))
    predicted = times.predict(architecture)
    inside = profile_layers(architecture, setting, device, pace=pace)
    if check and predicted is not None:
        times.check(predicted.ms, inside.whole_ms)
    times.add(architecture, inside)
    return Timed(architecture, inside.whole_ms, predicted, new)


def _newest(times: LayerTimes, draw: Iterable[Architecture]) -> Architecture | None:
    """The one with the most unknown layers of thirty."""
    drawn = [architecture for architecture, _ in zip(draw, range(_DRAWN), strict=False)]
    return max(drawn, key=lambda each: len(times.unknown(each)), default=None)
