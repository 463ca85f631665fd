"""Modules in wrappers, with lazy layers, computed weights or another precision."""

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, prune, spectral_norm
from torch.nn.utils.weight_norm import weight_norm

from nas_tc.errors import ArchitectureError
from nas_tc.reading import read_module


def plain(first=None):
    conv = nn.Conv2d(3, 8, 3) if first is None else first
    return nn.Sequential(conv, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4))


def lazy():
    return nn.Sequential(
        *(nn.LazyConv2d(8, 3), nn.LazyBatchNorm2d(), nn.ReLU(), nn.AdaptiveAvgPool2d(1)),
        *(nn.Flatten(), nn.LazyLinear(4)),
    )


class Inside(nn.Module):
    def __init__(self, wrap):
        super().__init__()
        self.body = wrap(plain())

    def forward(self, x):
        return self.body(x)


def pruned():
    made = plain()
    prune.l1_unstructured(made[0], "weight", 0.3)
    return made


COMPUTED = "the weights of 0 (Conv2d) are computed; the network's are free"
PARAMETRISED = "the weights of 0 (ParametrizedConv2d) are computed; the network's are free"
READ = {
    "lazy layers": (lazy, ()),
    "a compiled module": (lambda: torch.compile(plain()), ()),
    "a compiled part": (lambda: Inside(torch.compile), ()),
    "data parallelism in a part": (lambda: Inside(nn.DataParallel), ()),
    "half precision": (lambda: plain().half(), ()),
    "double precision": (lambda: plain().double(), ()),
    "hooks of weight_norm": (lambda: plain(weight_norm(nn.Conv2d(3, 8, 3))), (COMPUTED,)),
    "pruning": (pruned, (COMPUTED,)),
    "parametrised weights": (
        lambda: plain(parametrizations.weight_norm(nn.Conv2d(3, 8, 3))),
        (PARAMETRISED,),
    ),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", READ)
def test_it_is_read_as_what_is_inside(kind):
    make, notes = READ[kind]
    module = make()
    reading = read_module(module)
    assert reading.architecture.stages == read_module(plain()).architecture.stages
    assert reading.architecture.classes == 4
    assert reading.proof.difference < 1e-12
    assert reading.proof.counter == "fvcore"
    assert reading.notes == notes
    assert type(module) is type(make())


def test_lazy_layers_get_sizes_and_keep_their_mode():
    module = lazy()
    read_module(module)
    assert module[0].weight.shape == (8, 3, 3, 3)
    assert module.training
    assert module[1].num_batches_tracked == 0


def test_lazy_layers_that_do_not_run_are_a_line():
    with pytest.raises(ArchitectureError, match=r"does not run on images of 3x2x2: RuntimeError"):
        read_module(lazy(), (3, 2, 2))


def test_a_count_of_our_own_says_why():
    counter = read_module(plain(spectral_norm(nn.Conv2d(3, 8, 3)))).proof.counter
    assert counter.startswith("our own count (the module uses aten::dot, aten::mv, whose")
    assert "--input" not in counter
    assert "write it" not in counter


@pytest.mark.parametrize(("channels", "side"), [(1, 28), (3, 224)])
def test_images_on_which_it_runs_are_named(channels, side):
    module = nn.Sequential(
        *(nn.Conv2d(channels, 2, 3, stride=2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()),
        nn.Linear(2 * ((side - 3) // 4) ** 2 if side > 200 else 2 * 36, 4),
    )
    expected = f"set its images with --input {channels}x{side}x{side}, on which it runs"
    with pytest.raises(ArchitectureError, match=expected):
        read_module(module)
    assert read_module(module, (channels, side, side))


def test_images_that_were_given_are_not_corrected():
    with pytest.raises(ArchitectureError, match=r"--input$"):
        read_module(nn.Sequential(nn.Conv2d(3, 2, 3), nn.Flatten(), nn.Linear(9, 2)), (3, 9, 9))
