"""Weights that a network takes over: what is wider or deeper computes the same."""

from pathlib import Path

import pytest
import torch

from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.module import build

_BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
_PARENT = "(3,24)/2+(3,24) | 2/2 | (2,48)x2 | 2/2 | (3,96)x2"


def _plain(notation):
    return Architecture((3, 32, 32), parse_notation(notation), GAP, 10, norm="batch")


@pytest.mark.parametrize(
    ("notation", "is_same"),
    [
        (_PARENT, True),
        ("(5,40)/2+(5,24) | 2/2 | (2,80)+(2,48) | 2/2 | (3,96)+(3,128)", True),  # wider, larger
        ("(3,24)/2+(3,24) | 2/2 | (2,48)x2 | 2/2 | (3,128)x2+(3,150)", True),  # and deeper
        (_PARENT + " | (3,100)x2", True),  # a stage more
        ("(3,20)/2 | 3/2 | (2,32)x3 | 2/2 | (3,64)", False),
        ("(3,20)/2 | 3/2 | (2,32)x3", False),
    ],
)
def test_what_is_wider_or_deeper_computes_the_same(monkeypatch, notation, is_same):
    monkeypatch.syspath_prepend(_BENCHMARKS)
    import inherited  # of the benchmarks

    monkeypatch.setattr(inherited, "_NOISE", 0.0)
    torch.manual_seed(0)
    of, source = _plain(notation), _plain(_PARENT)
    parent, child = build(source, seed=1).eval(), build(of, seed=2).eval()
    for norm in parent.modules():
        if isinstance(norm, torch.nn.BatchNorm2d):
            norm.running_mean.normal_()
            norm.running_var.uniform_(0.5, 2)
            norm.weight.data.uniform_(0.5, 1.5)
            norm.bias.data.normal_()
    inherited.take_over(child, parent, of, source)
    images = torch.rand(8, 3, 32, 32)
    with torch.no_grad():
        expected, found = parent(images), child(images)
    assert torch.isfinite(found).all()
    assert torch.allclose(found, expected, atol=1e-3 * expected.std()) == is_same
