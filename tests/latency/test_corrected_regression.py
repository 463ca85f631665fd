"""Guesses for layers that were never timed, on a processor."""

from dataclasses import replace

import pytest
from layer_profiles import SMALL, filled, profile

from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.latency import signatures_of

SIZES = [(16, 8), (16, 16), (16, 32), (32, 8), (32, 16), (32, 32)]


def timed_by_work():
    times = filled(
        *(Architecture((3, s, s), parse_notation(f"(3,{w})x3"), GAP, 5) for s, w in SIZES)
    )
    for entry in times.layers.values():  # in proportion to the work
        entry.ms = 1e-6 * (entry.signature.macs + entry.signature.values)
    times.add(SMALL, profile(SMALL))  # throws away what was worked out before
    return times


def test_layers_that_were_never_timed_are_guessed_from_the_nearest():
    times = timed_by_work()
    wanted = Architecture((3, 24, 24), parse_notation("(3,20)x3"), GAP, 5)
    predicted = times.predict(wanted)
    truth = sum(1e-6 * (signature.macs + signature.values) for signature in signatures_of(wanted))
    assert (predicted.guessed, predicted.unlike, predicted.layers) == (5, 0, 5)
    assert predicted.ms == pytest.approx(truth, rel=0.25)


def test_a_layer_like_none_has_the_time_of_its_work():
    times = timed_by_work()
    narrow, wide = (
        Architecture((3, 32, 32), parse_notation(f"(3,{w})x3"), GAP, 5) for w in (48, 512)
    )
    assert (times.predict(narrow).guessed, times.predict(narrow).unlike) == (5, 0)
    assert times.predict(wide).unlike == 4  # far larger than any
    assert times.predict(replace(narrow, activation="tanh")).unlike == 3  # other kinds
    assert times.predict(wide).ms > times.predict(narrow).ms
