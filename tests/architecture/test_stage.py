"""Stages."""

import pytest

from nas_tc.architecture import (
    Basic,
    Inverted,
    Pool,
    Stage,
)
from nas_tc.errors import ArchitectureError


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: Stage(1, 8, 2, block=Basic()), "odd size padded by half of it, not 2x2"),
        (lambda: Stage(1, 8, 3, padding=0, block=Inverted(6)), "not 3x3 padded by 0"),
        (lambda: Stage(1, 8, 3, lrn="twice"), "lrn must be none, before or after"),
        (lambda: Pool(3, 2, padding=2), "pads 0 to 1 pixels, not 2"),
    ],
)
def test_stages_that_cannot_be(make, complaint):
    with pytest.raises(ArchitectureError, match=complaint):
        make()
