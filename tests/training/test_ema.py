"""The moving average of the weights."""

import pytest
import torch

from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.data import load_data
from nas_tc.module import build
from nas_tc.recipe import Recipe
from nas_tc.training import (
    Images,
    Training,
    error_rate,
    train,
)


@pytest.fixture(scope="module")
def digits():
    return load_data("digits", side=(16, 16), train_images=320)


def small(data, notation="(3,8)/2 | (3,16)/2"):
    return Architecture(data.shape, parse_notation(notation), GAP, len(data.classes))


def images(split):
    return Images(torch.tensor(split.images), torch.tensor(split.labels))


def same(one, other):
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


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
