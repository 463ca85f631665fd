"""Profiles of networks as if each layer took so long, and tables of them."""

from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.latency import (
    LayerProfile,
    LayerTimes,
    signatures_of,
)

SMALL = Architecture((3, 16, 16), parse_notation("(3,4)x2 | 2/2 | (3,8)"), GAP, 5)


MACHINE = {"device": "Abacus 7", "threads": 1, "torch": "2.13", "cuda": None, "instructions": "x"}


def profile(architecture, ms=1.0, overhead=0.0):
    """As if each layer took `ms`."""
    found = [(signature, ms) for signature in signatures_of(architecture)]
    return LayerProfile(sum(time for _, time in found) + overhead, tuple(found))


def filled(*networks, ms=1.0):
    times = LayerTimes()
    for network in networks:
        times.add(network, profile(network, ms))
    return times
