"""The moving average of the weights."""

import pytest

from nas_tc.module import build
from nas_tc.recipe import Recipe
from nas_tc.training import (
    Training,
    error_rate,
    train,
)
from small_training import few_digits, images, same, small


@pytest.fixture(scope="module")
def digits():
    return few_digits()


def test_the_average_is_what_is_validated_and_kept(digits):
    recipe = Recipe(epochs=2, ema=0.9)
    run = Training(build(small(digits)), images(digits.train), recipe, seed=0)
    run.run_epoch()
    run.run_epoch()
    assert not same(run.network, run.evaluated())
    network = build(small(digits))
    *_, rung = train(network, images(digits.train), images(digits.validation), recipe, seed=0)
    assert same(network, run.evaluated())
    assert rung.val_error == error_rate(run.evaluated(), images(digits.validation))
