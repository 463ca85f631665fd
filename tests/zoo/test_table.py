"""Every network of the zoo against published figures and independent counters."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from nas_tc.architecture import Architecture, format_notation, parse_notation
from nas_tc.cost import network_cost
from nas_tc.export.source import network_source
from nas_tc.module import Network
from nas_tc.module.count import count_module
from nas_tc.zoo import ZOO

# Parameters as published by others: Caffe's and torchvision's model pages, LeCun et al. 1998 as
# the survey adds it up, Keras' trainable counts for MobileNet.
PARAMS = {
    "lenet5": 61_706,
    "alexnet": 62_378_344,
    "alexnet-grouped": 60_965_224,
    "alexnet-torchvision": 61_100_840,
    "vgg16": 138_357_544,
    "googlenet": 6_998_552,
    "cnn-m": 102_908_520,
    "resnet18": 11_689_512,
    "resnet34": 21_797_672,
    "resnet50": 25_557_032,
    "resnet101": 44_549_160,
    "resnet152": 60_192_808,
    "mobilenet-1.0-224": 4_231_976,
    "mobilenetv2": 3_504_872,
    "efficientnet-b0": 5_288_548,
    "efficientnet-b3": 12_233_232,
    "efficientnet-b7": 66_347_960,
}


# Multiply-adds in millions as their papers print them (which call them FLOPs), and the last digit.
MACS = {
    "resnet18": (1800, 100),
    "resnet34": (3600, 100),
    "resnet50": (3800, 100),
    "resnet101": (7600, 100),
    "resnet152": (11300, 100),
    "mobilenet-1.0-224": (569, 1),
    "mobilenet-0.75-224": (325, 1),
    "mobilenet-0.5-160": (76, 1),
    "mobilenetv2": (300, 1),
    "efficientnet-b0": (390, 10),
    "efficientnet-b3": (1800, 100),
    "efficientnet-b7": (37000, 1000),
    "alexnet-grouped": (724, 1),
    "googlenet": (1500, 100),
}


LARGE = ("efficientnet-b7",)  # half a minute of fvcore; the counter on shapes has them all


pytestmark = pytest.mark.usefixtures("one_thread")


def network_of(name):
    """The module with weights that cost nothing to draw and let differences show."""
    with torch.device("meta"):
        network = Network(ZOO[name].architecture)
    network = network.to_empty(device="cpu").eval()
    drawn = torch.rand(1_000_003, generator=torch.Generator().manual_seed(0)) * 2 - 1
    for key, value in network.state_dict().items():
        if value.dim() > 1 and not key.startswith("normalize"):
            bound = (3 / value[0].numel()) ** 0.5
            for part in value.view(-1).split(len(drawn)):
                torch.mul(drawn[: len(part)], bound, out=part)
        elif value.is_floating_point():
            value.fill_(1 if key.endswith(("std", "weight", "running_var")) else 0)
    return network


def test_every_name_of_the_two_papers_is_there():
    names = set("ABCDEFGHIJ") | {"B'", "D'", "E'", "J'", "D+2", "D+4", "D+6", "D+8"}
    names |= {"B-nin", "D-nin", "zf-fast", "cnn-f", "cnn-s", "mobilenet-0.75-224"}
    names |= {"sppnet-zf5", "sppnet-o5", "sppnet-o7", "mobilenet-0.5-160"}
    assert set(ZOO) == names | set(PARAMS)


@pytest.mark.parametrize("name", PARAMS)
def test_published_parameters(name):
    assert network_cost(ZOO[name].architecture).params == PARAMS[name]


@pytest.mark.parametrize("name", MACS)
def test_published_multiply_adds(name):
    printed, digit = MACS[name]
    macs = network_cost(ZOO[name].architecture).macs / 1e6
    # Papers cut as often as they round, so a whole last digit is allowed.
    assert macs == pytest.approx(printed, abs=1.01 * digit)


@pytest.mark.parametrize("name", ZOO)
def test_torchs_own_counter_agrees(name):
    arch = ZOO[name].architecture
    found = network_cost(arch)
    with torch.device("meta"):
        network = Network(arch).eval()
        with FlopCounterMode(display=False) as counter:
            network(torch.zeros(1, *arch.input))
    counts = counter.get_flop_counts()["Global"]
    by_name = {str(operator): count for operator, count in counts.items()}
    assert by_name["aten.convolution"] == 2 * found.complexity
    assert by_name["aten.addmm"] == 2 * (found.macs - found.complexity)
    assert sum(each.numel() for each in network.parameters()) == found.params


@pytest.mark.parametrize("name", [name for name in ZOO if name not in LARGE])
def test_built_run_counted_by_fvcore_and_exported(name):
    arch = ZOO[name].architecture
    network = network_of(name)
    found = network_cost(arch)
    counted = count_module(network, arch.input)
    assert counted.complexity == found.complexity
    assert counted.macs_by_operator["linear"] == found.macs - found.complexity
    assert counted.params == found.params

    source = {}
    exec(network_source(arch), source)
    with torch.device("meta"):
        other = source["Network"]()
    other.load_state_dict(network.state_dict(), assign=True)
    images = torch.rand(1, *arch.input, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        ours, theirs = network(images), other.eval()(images)
    assert ours.shape == (1, arch.classes)
    assert ours.abs().sum() > 0
    assert torch.equal(ours, theirs)


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGE)
def test_large_networks_too(name):
    test_built_run_counted_by_fvcore_and_exported(name)


@pytest.mark.parametrize("name", ZOO)
def test_every_network_can_be_written_down(name):
    arch = ZOO[name].architecture
    assert parse_notation(format_notation(arch.stages)) == arch.stages
    assert Architecture.from_json(arch.to_json()) == arch


def test_every_entry_says_where_it_is_from():
    assert all(entry.source and any(c.isdigit() for c in entry.source) for entry in ZOO.values())
    assert all(name == entry.name for name, entry in ZOO.items())
