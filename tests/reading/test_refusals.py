"""What no architecture has is refused by its place in the module, and by what may stand there."""

import re

import pytest
import torch
from torch import nn

from nas_tc.errors import ArchitectureError
from nas_tc.reading import read_module
from nas_tc.reading.weights import carry_over
from refused_modules import REFUSED
from written_modules import KerasLike, vgg_like


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("make", REFUSED, ids=lambda make: make.__name__)
def test_each_has_its_line(make):
    with pytest.raises(ArchitectureError) as caught:
        read_module(make(), (3, 32, 32))
    message = str(caught.value)
    assert re.search(REFUSED[make], message), message
    assert "; " in message
    assert "\n" not in message


@pytest.mark.parametrize("module", [nn.Identity(), nn.Flatten()], ids=["identity", "flatten"])
def test_a_module_without_layers_is_refused(module):
    with pytest.raises(ArchitectureError, match="it has no convolution"):
        read_module(module, (3, 1, 1))


def test_other_images_are_refused_by_the_module():
    with pytest.raises(ArchitectureError, match=r"does not run on images of 1x32x32.*--input"):
        read_module(KerasLike(), (1, 32, 32))


def test_a_wrong_reading_would_not_be_proved(monkeypatch):
    def swapped(network, units, layers):
        carry_over(network, units, layers)
        with torch.no_grad():
            next(network.parameters())[0] += 1e-3

    monkeypatch.setattr("nas_tc.reading.proof.carry_over", swapped)
    with pytest.raises(ArchitectureError, match="give other outputs with the same weights, by"):
        read_module(vgg_like())


def test_users_code_does_not_disturb(capsys):
    class Loud(nn.Sequential):
        def forward(self, x):
            print("here I am")
            torch.set_grad_enabled(True)
            return super().forward(x)

    layers = (nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    with torch.no_grad():
        read_module(Loud(*layers, nn.Linear(4, 2)))
        assert not torch.is_grad_enabled()
    assert capsys.readouterr().out == ""
