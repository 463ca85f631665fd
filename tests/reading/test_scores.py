"""1x1 convolutions that give the scores are the linear layers of a head."""

import pytest
from torch import nn

from nas_tc.architecture import GAP, Head, parse_notation
from nas_tc.cost import complexity
from nas_tc.errors import ArchitectureError
from nas_tc.reading import read_module

BODY = (nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.ReLU())


def net(*layers):
    return nn.Sequential(*BODY, *layers, nn.Flatten())


POOL = nn.AdaptiveAvgPool2d(1)
# module, stages, head, multiply-adds of what is linear in the network, notes
READ = {
    "behind the pooling": (net(POOL, nn.Conv2d(8, 4, 1)), "(3,8)/2", GAP, 32, ()),
    "two behind the pooling": (
        net(POOL, nn.Conv2d(8, 6, 1), nn.ReLU(), nn.Dropout(0.2), nn.Conv2d(6, 4, 1)),
        "(3,8)/2",
        Head("average", (1,), (6,), dropout=0.2),
        48 + 24,
        (),
    ),
    "normalised behind the pooling": (
        net(POOL, nn.Conv2d(8, 6, 1), nn.BatchNorm2d(6), nn.ReLU(), nn.Conv2d(6, 4, 1)),
        "(3,8)/2",
        Head("average", (1,), (6,)),
        48 + 24,
        ("4 (BatchNorm2d) is left out: heads have no normalisation",),
    ),
    "behind windows of the whole map": (
        net(nn.AvgPool2d(16), nn.Conv2d(8, 4, 1)),
        "(3,8)/2",
        GAP,
        32,
        (),
    ),
    "before the pooling": (
        net(nn.Conv2d(8, 4, 1), POOL),
        "(3,8)/2",
        GAP,
        32 * 256,
        ("2 (Conv2d) is behind the pooling, which computes the same",),
    ),
    "before windows of the whole map, and a softmax": (
        net(nn.Conv2d(8, 4, 1, bias=False), nn.AvgPool2d(16), nn.Softmax(dim=1)),
        "(3,8)/2",
        GAP,
        32 * 256,
        (
            "2 (Conv2d) is behind the pooling, which computes the same",
            "the softmax is left out: the loss has it",
        ),
    ),
    "a last one behind a stage of one pixel": (
        net(nn.MaxPool2d(4), nn.Conv2d(8, 9, 4), nn.ReLU(), nn.Conv2d(9, 4, 1)),
        "(3,8)/2 | 4/4 | (4,9)p0",
        GAP,
        36,
        (),
    ),
}


@pytest.mark.parametrize("kind", READ)
def test_it_is_a_linear_layer(kind):
    module, stages, head, as_linear, notes = READ[kind]
    found = read_module(module)
    assert found.architecture.stages == parse_notation(stages)
    assert (found.architecture.head, found.architecture.classes) == (head, 4)
    assert (found.proof.as_linear, found.notes) == (as_linear, notes)
    assert found.proof.complexity == complexity(found.architecture)
    assert found.proof.counter == "fvcore"
    assert found.proof.difference < 1e-12


def test_stages_of_one_pixel_stay_stages():
    layers = (nn.MaxPool2d(16), nn.Conv2d(8, 9, 1), nn.ReLU(), nn.Flatten(), nn.Linear(9, 4))
    found = read_module(nn.Sequential(*BODY, *layers))
    assert found.architecture.stages == parse_notation("(3,8)/2 | 16/16 | (1,9)")
    assert found.proof.as_linear == 0


@pytest.mark.parametrize(
    ("layers", "complaint"),
    [
        (
            (nn.Conv2d(8, 4, 1), nn.ReLU(), POOL),
            r"3 \(ReLU\): an activation between the 1x1 convolution of the scores and their pool",
        ),
        (
            (nn.Conv2d(8, 4, 1), nn.AdaptiveMaxPool2d(1)),
            r"2 \(Conv2d\): no activation follows .* one that gives the scores, before or behind",
        ),
        ((nn.Conv2d(8, 4, 1), nn.AvgPool2d(8)), "no activation follows the convolution"),
        ((nn.Conv2d(8, 4, 1, groups=2), POOL), "no activation follows the convolution"),
    ],
)
def test_what_computes_something_else_is_refused(layers, complaint):
    with pytest.raises(ArchitectureError, match=complaint):
        read_module(net(*layers))
