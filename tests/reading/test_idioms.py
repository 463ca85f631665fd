"""Other words for the same layers: each is read as the layers that it stands for."""

from collections import namedtuple

import pytest
import torch
from torch import fx, nn
from torch.nn import functional as F  # noqa: N812

from nas_tc.architecture import GAP, Head, parse_notation
from nas_tc.errors import ArchitectureError
from nas_tc.reading import read_module


class Net(nn.Module):
    """A convolution, an activation, a pooling and a linear layer, or what `ways` has for them."""

    def __init__(self, **ways):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.fc = nn.Linear(8, 4)
        self.parts = nn.Sequential(self.norm, nn.Identity(), nn.ReLU())
        self.ways = {
            "images": lambda self, x: x,
            "act": lambda self, x: F.relu(x),
            "pool": lambda self, x: x.mean((2, 3)),
            "scores": lambda self, x: x,
            **ways,
        }

    def forward(self, x):
        x = self.conv(self.ways["images"](self, x))
        x = self.ways["pool"](self, self.ways["act"](self, x))
        return self.ways["scores"](self, self.fc(x))


class Swish(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * torch.sigmoid(x)


def stochastic_depth(input, p, mode, training=True):
    return input if not training else input * 0


fx.wrap("stochastic_depth")  # as torchvision does


def batch_norm(self, x):
    own = self.norm
    return F.relu(
        F.batch_norm(x, own.running_mean, own.running_var, own.weight, own.bias, self.training)
    )


def old_batch_norm(self, x):
    own = self.norm
    moments = (own.running_mean, own.running_var)
    return torch.batch_norm(x, own.weight, own.bias, *moments, False, 0.1, 1e-5, False).relu()


def made_in_forward(self, x):
    return nn.Flatten()(nn.AdaptiveAvgPool2d(1)(x))


class OwnActivation(nn.Module):
    def forward(self, x):
        return x * x.sigmoid()


MAXIMA = Head("max", (1,))
READ = {
    "clamp": (Net(act=lambda self, x: x.clamp(min=0)), "relu", GAP),
    "clamp to 6": (Net(act=lambda self, x: torch.clip(x, 0, 6)), "relu6", GAP),
    "a threshold": (Net(act=lambda self, x: F.threshold(x, 0, 0)), "relu", GAP),
    "a swish": (Net(act=lambda self, x: x * x.sigmoid()), "silu", GAP),
    "a swish the other way": (Net(act=lambda self, x: torch.sigmoid(x).mul_(x)), "silu", GAP),
    "a swish with its gradient": (Net(act=lambda self, x: Swish.apply(x)), "silu", GAP),
    "a functional normalisation": (Net(act=batch_norm), "relu", GAP),
    "torch.batch_norm": (Net(act=old_batch_norm), "relu", GAP),
    "a mean of means": (Net(pool=lambda self, x: x.mean(3).mean(2)), "relu", GAP),
    "means that keep sides": (
        Net(pool=lambda self, x: x.mean(2, keepdim=True).mean(-1, keepdim=True).view(-1, 8)),
        "relu",
        GAP,
    ),
    "a slice of a Sequential": (Net(act=lambda self, x: self.parts[1:](x)), "relu", GAP),
    "a printed value": (Net(act=lambda self, x: F.relu(x) if f"{x.max():.3f}" else x), "relu", GAP),
    "a sum of one": (Net(act=lambda self, x: sum([F.relu(x)])), "relu", GAP),
    "layers made in forward": (
        Net(act=lambda self, x: nn.ReLU()(x), pool=made_in_forward),
        "relu",
        GAP,
    ),
    "an activation made in forward": (Net(act=lambda self, x: OwnActivation()(x)), "silu", GAP),
    "numpy's axis": (Net(pool=lambda self, x: x.mean(axis=(2, 3))), "relu", GAP),
    "the one pixel": (
        Net(pool=lambda self, x: F.adaptive_avg_pool2d(x, 1)[:, :, 0, 0]),
        "relu",
        GAP,
    ),
    "a mean of all pixels": (Net(pool=lambda self, x: x.flatten(2).mean(-1)), "relu", GAP),
    "a view of all pixels": (
        Net(pool=lambda self, x: x.view(x.size(0), x.size(1), -1).mean(dim=2)),
        "relu",
        GAP,
    ),
    "maxima": (Net(pool=lambda self, x: x.amax(dim=(-2, -1))), "relu", MAXIMA),
    "the maximum of all pixels": (Net(pool=lambda self, x: x.flatten(2).amax(2)), "relu", MAXIMA),
}


@pytest.mark.parametrize("kind", READ)
def test_it_is_the_usual_layer(kind):
    module, activation, head = READ[kind]
    found = read_module(module)
    norm = "batch" if "norm" in kind else "none"
    assert found.architecture.stages == parse_notation("(3,8)")
    assert (found.architecture.activation, found.architecture.head) == (activation, head)
    assert (found.architecture.norm, found.notes) == (norm, ())
    assert found.proof.difference < 1e-12


def test_a_synchronised_normalisation_is_one():
    module = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(30))
    module.append(nn.Flatten()).append(nn.Linear(8, 4))
    expected = read_module(module).architecture
    assert expected.norm == "batch"
    assert read_module(nn.SyncBatchNorm.convert_sync_batchnorm(module)).architecture == expected


def test_other_padding_of_no_pixels_is_none():
    layers = (nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4))
    found = read_module(nn.Sequential(nn.Conv2d(3, 8, 3, padding_mode="reflect"), *layers))
    assert found.architecture.stages == parse_notation("(3,8)p0")


ARITHMETIC = ("arithmetic on the images is left out: nas-tc normalises them itself",)
SIGMOID = ("the sigmoid is left out: the loss of several labels an image has it",)
DEPTH = ("drop-out of 0.2 is left out: stochastic_depth in the module's forward",)
NOTES = {
    "a normalisation of the images": (
        nn.Sequential(nn.BatchNorm2d(3), Net()),
        ARITHMETIC,
    ),
    "images of another type": (Net(images=lambda self, x: x.type_as(self.fc.weight)), ()),
    "images that are moved": (Net(images=lambda self, x: x.to(self.fc.weight.device)), ()),
    "a sigmoid of the scores": (Net(scores=lambda self, x: x.sigmoid()), SIGMOID),
    "stochastic depth": (
        Net(pool=lambda self, x: stochastic_depth(x, 0.2, "row", self.training).mean((2, 3))),
        DEPTH,
    ),
}


@pytest.mark.parametrize("kind", NOTES)
def test_notes_say_what_is_left_out(kind):
    module, notes = NOTES[kind]
    found = read_module(module)
    assert found.architecture == read_module(Net()).architecture
    assert found.notes == notes


LISTED = [nn.Conv2d(8, 8, 3)]
Two = namedtuple("Two", "scores maps")
REFUSED = {
    "another threshold": (Net(act=lambda self, x: F.threshold(x, 0.1, 0.1)), "clips to 0.1 to"),
    "a jump": (Net(act=lambda self, x: F.threshold(x, 0, -1)), "it clips to -1 below 0 to None"),
    "the sigmoid of others": (
        Net(act=lambda self, x: F.relu(x) * torch.sigmoid(x)),
        "an activation that follows no convolution",
    ),
    "a normalisation by the batch": (
        Net(act=lambda self, x: F.relu(F.batch_norm(x, None, None, training=True))),
        "normalises by the batch when the network is used, too; keep running statistics",
    ),
    "one mean": (
        Net(pool=lambda self, x: x.mean(3)[:, :, 0]),
        "it takes a part of the maps; strides are of",
    ),
    "the maximum of means": (
        Net(pool=lambda self, x: x.mean(3).amax(2)),
        r"it leaves 8x32 of a map; maps may be flattened to one vector, or averaged",
    ),
    "a mean of channels": (
        Net(pool=lambda self, x: x.mean(1).mean(1)[:, :8]),
        r"other axes than both sides of the maps; write mean\(\(2, 3\)\)",
    ),
    "every other pixel": (
        Net(act=lambda self, x: F.relu(x)[:, :, ::2, ::2]),
        "it takes a part of the maps; strides are of convolutions and poolings",
    ),
    "channels in another order": (
        Net(images=lambda self, x: x[:, [2, 1, 0]]),
        "it takes a part of the maps",
    ),
    "maps": (
        Net(pool=lambda self, x: x.permute(0, 2, 3, 1), scores=lambda self, x: x.flatten(2)),
        "it returns 32x128 values for each image; a classifier returns one score for each class",
    ),
    "zeros on two sides": (
        Net(images=lambda self, x: F.pad(x, (0, 1, 0, 1))),
        r"it pads by \(0, 1, 0, 1\); padding is the same on all sides",
    ),
    "drop-out made in forward": (
        Net(scores=lambda self, x: nn.Dropout(0.5)(x)),
        r"made in forward 1 \(Dropout\): it drops values when .* or make the layer in __init__",
    ),
    "a layer in a list": (
        Net(pool=lambda self, x: LISTED[0](x).mean((2, 3))),
        r"a layer with weights that is no part of the module \(Conv2d\); make it in __init__",
    ),
    "a dictionary": (
        Net(scores=lambda self, x: {"scores": x}),
        "it returns a value of type dict; a classifier",
    ),
    "a named tuple": (
        Net(scores=lambda self, x: Two(x, None)),
        "it returns a value of type Two; a classifier",
    ),
    "two heads": (
        Net(scores=lambda self, x: torch.cat([x, x.relu()], 1)),
        "2 layers take one vector; a head is",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_only_looks_alike_is_refused(kind):
    module, complaint = REFUSED[kind]
    with pytest.raises(ArchitectureError, match=complaint):
        read_module(module)


def test_a_residual_block_says_where_its_activations_are():
    class Late(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem, self.one, self.two = (nn.Conv2d(n, 8, 3, padding=1) for n in (3, 8, 8))
            self.fc = nn.Linear(8, 4)

        def forward(self, x):
            x = self.stem(x).relu()
            return self.fc((self.two(self.one(x).relu()).relu() + x).mean((2, 3)))

    expected = "a block of 3x3 with relu, 3x3 with relu, no activation behind its sum; known"
    with pytest.raises(ArchitectureError, match=expected):
        read_module(Late())


def test_windows_of_a_map_that_is_no_square_pool_it_globally():
    layers = (nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.AvgPool2d((12, 5)), nn.Flatten())
    found = read_module(nn.Sequential(*layers, nn.Linear(8, 4)), (1, 12, 5))
    assert found.architecture.stages == parse_notation("(3,8)")
    assert found.architecture.head == GAP
    with pytest.raises(ArchitectureError, match=r"its window is \(12, 5\)"):
        read_module(nn.Sequential(*layers, nn.Linear(16, 4)), (1, 24, 5))


def test_a_single_score_needs_no_axis():
    class Single(Net):
        def forward(self, x):
            return super().forward(x).squeeze(1).sigmoid()

    module = Single()
    module.fc = nn.Linear(8, 1)
    found = read_module(module)
    assert found.architecture.classes == 1
    assert found.notes == SIGMOID


def test_a_forward_of_the_object_is_one():
    module = nn.Module()
    module.body = Net()
    module.forward = module.body.forward
    assert read_module(module).architecture == read_module(Net()).architecture


def test_a_shared_normalisation_is_noted():
    norm = nn.BatchNorm2d(8)
    layers = (nn.Conv2d(3, 8, 3), norm, nn.ReLU(), nn.Conv2d(8, 8, 3), norm, nn.ReLU())
    module = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4))
    expected = "1 (BatchNorm2d) is used several times: the network has one for each"
    assert read_module(module).notes == (expected,)
