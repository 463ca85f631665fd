"""Modules as people write them, read into the networks that they are."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings

import written_modules as written
from block_strategies import block_networks
from nas_tc.architecture import GAP, Architecture, Head, parse_notation
from nas_tc.cost import complexity, network_cost
from nas_tc.module import build
from nas_tc.reading import read_module
from nas_tc.zoo import find_network

WRITTEN = {
    "a VGG": (
        written.vgg_like,
        Architecture(
            (3, 32, 32),
            parse_notation("(3,16)x2 | 2/2 | (3,32)x2 | 2/2 | (3,64)x2"),
            Head("max", (4,), (128,), dropout=0.5),  # its last pooling and Flatten
            10,
            "none",
        ),
    ),
    "a ResNet": (
        written.ResNet,
        Architecture(
            (3, 32, 32),
            parse_notation(
                "(3,16) | basic(3,16)x2 | basic(3,32)/2+basic(3,32) | basic(3,64)/2+basic(3,64)"
            ),
            GAP,
            10,
        ),
    ),
    "bottlenecks": (
        lambda: written.ResNet(written.Bottleneck, (1, 2, 1), 8),
        Architecture(
            (3, 32, 32),
            parse_notation(
                "(3,8) | bottleneck(3,32) | "
                "bottleneck[stride_on=filter](3,64)/2+bottleneck[stride_on=filter](3,64) | "
                "bottleneck[stride_on=filter](3,128)/2"
            ),
            GAP,
            10,
        ),
    ),
    "a MobileNetV2": (
        written.MobileNetV2,
        Architecture(
            (3, 32, 32),
            parse_notation(
                "(3,16)/2 | inverted[1](3,8) | inverted[6](3,12)/2+inverted[6](3,12) | "
                "inverted[6](3,16)/2+inverted[6](3,16) | (1,64)"
            ),
            Head("average", (1,), dropout=0.2),
            10,
            activation="relu6",
        ),
    ),
    "squeeze-and-excitation": (
        lambda: written.MobileNetV2(se=4),
        Architecture(
            (3, 32, 32),
            parse_notation(
                "(3,16)/2 | inverted[1,se=4](3,8) | "
                "inverted[6,se=4](3,12)/2+inverted[6,se=4](3,12) | "
                "inverted[6,se=4](3,16)/2+inverted[6,se=4](3,16) | (1,64)"
            ),
            Head("average", (1,), dropout=0.2),
            10,
            activation="relu6",
        ),
    ),
    "Keras' convnet": (
        written.KerasLike,
        Architecture(
            (1, 28, 28),
            parse_notation("(3,32)p0 | 2/2 | (3,64)p0 | 2/2"),
            Head("max", (5,), dropout=0.5),
            10,
            "none",
        ),
    ),
    "functional layers": (
        written.Functional,
        Architecture(
            (1, 28, 28),
            parse_notation("(5,10)p0 | 2/2 | (5,20)p0"),
            Head("max", (4,), (50,), dropout=0.5),
            10,
            "none",
        ),
    ),
    "a GoogLeNet": (
        written.GoogLeNet,
        Architecture(
            (3, 32, 32),
            parse_notation(
                "(3,16) | 3/2ceil | inception[8,6,12,2,4,4](3,28) | "
                "inception[4,4,6,2,3,5](3,18) | 3/2ceil | inception[4,4,6,2,3,5](3,18)"
            ),
            Head("average", (1,), dropout=0.2),
            10,
        ),
    ),
    "an AlexNet": (
        written.AlexNet,
        Architecture(
            (3, 63, 63),
            parse_notation("(7,12)/2p3 lrn | 3/2 | (5,16) | 3/2 lrn | (3,24)"),
            Head("max", (3,), (32,), dropout=0.5),
            10,
            "none",
        ),
    ),
    "lists of layers": (
        written.Looped,
        Architecture(
            (3, 32, 32), parse_notation("(3,16)x2 | 3/2p1 | (3,32)x2 | 3/2p1 | (3,48)x2"), GAP, 10
        ),
    ),
}


NOTES = {
    "Keras' convnet": ("the softmax is left out: the loss has it",),
    "functional layers": (
        "drop-out of 0.5 is left out: conv2_drop (Dropout2d)",
        "the softmax is left out: the loss has it",
    ),
    "lists of layers": ("arithmetic on the images is left out: nas-tc normalises them itself",),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_they_are_read_and_proved(name):
    make, network = WRITTEN[name]
    module = make()
    before = {key: value.clone() for key, value in module.state_dict().items()}
    module.train()
    reading = read_module(module, network.input)
    assert reading.architecture == network
    assert reading.proof.difference < 1e-12
    assert reading.proof.counter == "fvcore"
    assert reading.notes == NOTES.get(name, ())
    assert module.training
    assert all(torch.equal(value, before[key]) for key, value in module.state_dict().items())


def read_again(network):
    return read_module(build(network).layers, network.input)


@settings(max_examples=20)
@given(block_networks())
def test_what_we_build_is_read_again(network):
    reading = read_again(network)
    assert reading.proof.difference < 1e-9
    found = reading.architecture
    assert (complexity(found), network_cost(found).params) == (
        complexity(network),
        network_cost(network).params,
    )
    assert (found.classes, found.norm, found.activation) == (
        network.classes,
        network.norm,
        network.activation,
    )


@pytest.mark.parametrize(("name", "side"), [("resnet18", 32), ("mobilenetv2", 32), ("D'", 96)])
def test_networks_of_the_zoo_keep_their_ids(name, side):
    small = find_network(name).at((3, side, side), 10)
    small = replace(small, head=replace(small.head, hidden=()))
    assert read_again(small).architecture == small
