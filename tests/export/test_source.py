"""The source of a network, which imports torch alone."""

import re

import torch
from hypothesis import given, settings

from nas_tc.architecture import GAP, SPP, Architecture, parse_notation
from nas_tc.export import network_source
from nas_tc.module import build
from strategies import architectures


def network_of(source):
    """The module that a source defines, imported from nothing but text."""
    names = {}
    exec(compile(source, "network.py", "exec"), names)
    return names["Network"]()


@settings(max_examples=60)
@given(architectures())
def test_outputs_are_equal_to_the_bit(arch):
    trained = build(arch, mean=[0.4] * arch.input[0], std=[0.3] * arch.input[0], seed=1).eval()
    exported = network_of(network_source(arch)).eval()
    exported.load_state_dict(trained.state_dict())
    images = torch.rand(2, *arch.input)
    with torch.inference_mode():
        assert torch.equal(exported(images), trained(images))


def test_the_papers_head_is_exported():
    arch = Architecture((3, 64, 64), parse_notation("(7,8)/2 | 3/3 | (3,8)"), SPP, 10, "none")
    source = network_source(arch)
    assert "PyramidPool(6, 3, 2, 1, average=False)" in source
    assert "nn.Dropout(0.5)" in source
    assert network_of(source).state_dict().keys() == build(arch).state_dict().keys()


def test_a_convolution_that_torch_gets_wrong_is_exported_with_its_cure():
    arch = Architecture((3, 16, 16), parse_notation("(1,8)/2 | (1,16) | (1,16)/2"), GAP, 5)
    source = network_source(arch)
    assert "PointConv2d(3, 8, 1, stride=2, bias=False)," in source
    assert "nn.Conv2d(16, 16, 1, stride=2, bias=False)," in source
    network = network_of(source)
    network(torch.rand(2, 3, 16, 16)).sum().backward()
    assert network.state_dict().keys() == build(arch).state_dict().keys()


def test_any_name_of_a_class_can_be_written():
    names = ("\U0001f600", 'cat "felix"', "two\nlines", "it's")
    arch = Architecture((3, 32, 32), parse_notation("(3,8)"), GAP, 4)
    source = network_source(arch, names)
    known = {}
    exec(compile(source.encode(), "network.py", "exec"), known)  # read as UTF-8, as a file is
    assert known["CLASSES"] == names


def test_the_source_is_readable_and_imports_torch_alone():
    arch = Architecture((3, 32, 32), parse_notation("(3,8)/2 | 2/2 | (3,16)x2"), SPP, 2)
    source = network_source(arch, ('cat "felix"', "dog"))
    imported = set(re.findall(r"^(?:from|import) (\w+)", source, flags=re.MULTILINE))
    assert imported == {"torch"}
    assert "# conv2.2: 16x8x8" in source
    assert "nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False)," in source
    assert max(map(len, source.splitlines())) <= 100
    names = {}
    exec(source, names)
    assert names["CLASSES"] == ('cat "felix"', "dog")
