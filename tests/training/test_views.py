"""The test errors from one view or ten."""

import numpy as np
import pytest
import torch

from nas_tc.module import build
from nas_tc.recipe import Recipe
from nas_tc.training import (
    Images,
    error_of_views,
    train,
)
from small_training import few_digits, images, small


@pytest.fixture(scope="module")
def digits():
    return few_digits()


def test_one_view_is_the_plain_error_and_ten_views_of_larger_images_count_all(digits):
    network = build(small(digits))
    *_, rung = train(network, images(digits.train), images(digits.test), Recipe(epochs=4), seed=0)
    single = error_of_views(network, images(digits.test))
    assert single.top1 == pytest.approx(rung.val_error, abs=0.01)
    assert single.top5 < single.top1
    padded = np.pad(digits.test.images, ((0, 0), (2, 2), (2, 2), (0, 0)))
    larger = Images(torch.tensor(padded), torch.tensor(digits.test.labels), margin=4)
    assert error_of_views(network, larger) == single
    assert error_of_views(network, larger, views=10).top1 < 0.9
