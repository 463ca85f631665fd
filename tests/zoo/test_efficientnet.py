"""Compound scaling (Tan & Le 2019)."""

import pytest

from nas_tc.cost import complexity
from nas_tc.zoo.efficientnet import compound_scaling, efficientnet


def test_compound_scaling():  # Tan & Le 2019, Eqn. (3): alpha * beta^2 * gamma^2 is near 2
    assert compound_scaling(0).cost == 1
    assert compound_scaling(1).cost == pytest.approx(2, abs=0.1)
    assert compound_scaling(3).cost == pytest.approx(compound_scaling(1).cost ** 3)
    scaled = compound_scaling(2)
    assert (scaled.depth, scaled.width, scaled.resolution) == pytest.approx((1.44, 1.21, 1.3225))


def test_scaled_networks_cost_what_the_rule_says():
    base = complexity(efficientnet(1, 1, 224, 0.2))
    wide = complexity(efficientnet(2, 1, 224, 0.2))
    large = complexity(efficientnet(1, 1, 448, 0.2))
    assert wide / base == pytest.approx(4, rel=0.1)
    assert large / base == pytest.approx(4, rel=0.02)
