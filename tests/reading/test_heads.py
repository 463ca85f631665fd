"""Heads with normalisations and drop-out, as libraries write them."""

import pytest
import torch
from torch import nn

from nas_tc.architecture import GAP, Head
from nas_tc.errors import ArchitectureError
from nas_tc.reading import read_module


def net(*head):
    body = (nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return nn.Sequential(*body, *head)


def left_out(*where):
    return tuple(f"{each} is left out: heads have no normalisation" for each in where)


READ = {
    "a normalised vector": (
        net(nn.BatchNorm1d(8), nn.Linear(8, 4)),
        GAP,
        left_out("4 (BatchNorm1d)"),
    ),
    "normalised scores": (
        net(nn.Linear(8, 4, bias=False), nn.BatchNorm1d(4)),
        GAP,
        left_out("5 (BatchNorm1d)"),
    ),
    "fastai's": (
        net(
            *(nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 16, bias=False), nn.ReLU(True)),
            *(nn.BatchNorm1d(16), nn.Dropout(0.5), nn.Linear(16, 4, bias=False)),
        ),
        Head("average", (1,), (16,), dropout=0.5),
        (
            "drop-out of 0.5 is left out: 5 (Dropout)",
            *left_out("4 (BatchNorm1d)", "8 (BatchNorm1d)"),
        ),
    ),
    "normalisations on both sides": (
        net(
            *(nn.BatchNorm1d(8), nn.Linear(8, 16), nn.BatchNorm1d(16)), nn.ReLU(), nn.Linear(16, 4)
        ),
        Head("average", (1,), (16,)),
        left_out("4 (BatchNorm1d)", "6 (BatchNorm1d)"),
    ),
    "drop-out before an activation": (
        net(nn.Linear(8, 16), nn.Dropout(0.3), nn.ReLU(), nn.Linear(16, 4)),
        Head("average", (1,), (16,), dropout=0.3),
        (),
    ),
}


def test_a_map_of_one_pixel_may_be_normalised():
    layers = (nn.Conv2d(3, 8, 3), nn.ReLU(), nn.MaxPool2d(30), nn.Flatten(), nn.BatchNorm1d(8))
    found = read_module(nn.Sequential(*layers, nn.Linear(8, 4)))
    assert found.architecture.head == Head("max", (1,))
    assert found.notes == left_out("4 (BatchNorm1d)")


@pytest.mark.parametrize("kind", READ)
def test_they_are_computed_into_the_layers(kind):
    module, head, notes = READ[kind]
    found = read_module(module)
    assert found.architecture.head == head
    assert found.notes == notes
    assert found.proof.difference < 1e-12


def test_two_normalisations_at_once_are_refused():
    module = net(nn.BatchNorm1d(8), nn.BatchNorm1d(8), nn.Linear(8, 4))
    with pytest.raises(ArchitectureError, match=r"5 \(BatchNorm1d\): a normalisation in the head"):
        read_module(module)


def test_a_normalisation_behind_the_last_activation_is_refused():
    module = net(nn.Linear(8, 4), nn.Sigmoid(), nn.BatchNorm1d(4))
    with pytest.raises(ArchitectureError, match="a normalisation behind the last linear layer"):
        read_module(module)


class Times(nn.Module):
    def __init__(self, by):
        super().__init__()
        self.by = by

    def forward(self, x):
        return self.by(x)


FACTORS = {
    "a factor": (lambda x: x * 0.125, "0.125"),
    "a factor first": (lambda x: 4 * x, "4"),
    "a temperature": (lambda x: (x / 4).softmax(1), "0.25"),
    "a named factor": (lambda x: torch.mul(x, other=2.0), "2"),
    "a named divisor": (lambda x: x.div(other=8), "0.125"),
    "two factors": (lambda x: x.div(4).mul(2), "0.5"),
}


@pytest.mark.parametrize("kind", FACTORS)
def test_a_factor_of_the_scores_is_in_the_weights(kind):
    by, factor = FACTORS[kind]
    found = read_module(net(nn.Linear(8, 4), Times(by)))
    assert found.architecture.head == GAP
    expected = f"the factor {factor} of the scores is left out: the last layer can learn it"
    assert found.notes[0] == expected
    assert found.proof.difference < 1e-12


@pytest.mark.parametrize(
    ("layers", "complaint"),
    [
        ((Times(lambda x: x * 2), nn.Linear(8, 4)), "a factor in the head"),
        ((nn.Linear(8, 4), nn.Sigmoid(), Times(lambda x: x * 2)), "a factor in the head"),
        ((nn.Linear(8, 4), nn.Softmax(1), Times(lambda x: x * 2)), "a factor behind a softmax"),
        ((nn.Linear(8, 4), nn.Softmax(1), nn.Softmax(1)), "a softmax behind a softmax"),
        ((nn.Linear(8, 4), nn.Sigmoid(), nn.ReLU()), r"6 \(ReLU\): an activation in the head"),
        ((nn.Linear(8, 4), Times(lambda x: x * 0)), "arithmetic with a constant"),
        ((nn.Linear(8, 4), Times(lambda x: 1 / x)), "truediv on maps is no layer of a network"),
    ],
)
def test_other_factors_are_refused(layers, complaint):
    with pytest.raises(ArchitectureError, match=complaint):
        read_module(net(*layers))
