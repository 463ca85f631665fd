"""Guesses by the nearest layers alone."""

import pytest

from nas_tc.latency.layer_signature import LayerSignature
from nas_tc.latency.nearest_layers import NearestLayers


def layer(width, side, kind="conv"):
    params, area = 9 * width * width, side * side
    return LayerSignature(kind, f"{width}x{side}x{side}", params * area, 2 * width * area, params)


KNOWN = [layer(width, side) for width in (8, 16, 32) for side in (16, 32)]


def test_a_layer_is_guessed_from_the_nearest():
    nearest = NearestLayers((each, 1e-6 * each.macs) for each in KNOWN)
    wanted = layer(20, 24)
    assert nearest.guess(wanted) == pytest.approx(1e-6 * wanted.macs, rel=0.25)


def test_a_layer_of_another_kind_or_of_quite_another_size_is_not_guessed():
    nearest = NearestLayers((each, 1e-6 * each.macs) for each in KNOWN)
    assert nearest.guess(layer(16, 16, "pool")) is None
    assert nearest.guess(layer(512, 32)) is None
