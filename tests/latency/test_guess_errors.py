"""Errors of guesses, and how they widen the range of a prediction."""

from math import exp, hypot, log

import pytest

from nas_tc.latency.guess_errors import GuessErrors
from nas_tc.latency.layer_signature import LayerSignature


def layers(*errors):
    """Layers of a millisecond a million multiply-adds, but for these errors in logarithms."""
    return [
        (LayerSignature("conv", f"{number}", 10**6, 1, 1), exp(error))
        for number, error in enumerate(errors)
    ]


def by_work(signature):
    return signature.macs / 1e6


def test_nine_of_ten_guesses_err_by_less():
    timed = layers(*(0.0 if place % 2 == 0 else place / 100 for place in range(40)))
    found = GuessErrors(timed, lambda rest: by_work, by_work)
    assert found.of_guesses == pytest.approx(0.37)  # of 0.01, 0.03 ... 0.39
    assert found.of_unlike == pytest.approx(0.33)  # half of all have no error


def test_guesses_come_from_the_rest():
    timed, seen = layers(*[0.0] * 40), []

    def new_guess(rest):
        seen.extend(rest)
        return by_work

    assert GuessErrors(timed, new_guess, by_work).of_guesses == 0.05  # never quite without error
    assert seen == timed[::2]


def test_too_few_layers_tell_little():
    assert GuessErrors(layers(0.1, 0.1, 0.1), lambda rest: by_work, by_work).of_guesses == 1.0


def test_guesses_err_independently_and_layers_like_none_alike():
    found = GuessErrors(layers(*[0.0, 0.2] * 20), lambda rest: by_work, by_work)
    own = (0.9, 1 / 0.9)
    assert found.widened(own, 0.0, 0.0, 4.0) == pytest.approx(own)
    _, four = found.widened(own, 4.0, 0.0, 4.0)  # all of it guessed, in four equal layers
    _, one = found.widened(own, 16.0, 0.0, 4.0)
    _, unlike = found.widened(own, 0.0, 4.0, 4.0)
    assert log(four) == pytest.approx(hypot(log(own[1]), 0.1))
    assert log(one) == log(unlike) == pytest.approx(hypot(log(own[1]), 0.2))
