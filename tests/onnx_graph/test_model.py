"""The ONNX model computes what the torch module does, for every kind of layer."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings

from block_strategies import block_networks
from nas_tc.architecture import GAP, Architecture, Head, parse_notation, walk
from nas_tc.module import build
from nas_tc.onnx_graph import INPUT, OPSET, OUTPUT, folded_parameters, new_session, onnx_model
from strategies import architectures

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

PYRAMID = Head("max", (6, 3, 2, 1), (8,), 0.5)


def trained(architecture):
    """A network whose normalisations have statistics, as after a training."""
    network = build(
        architecture, mean=[0.4] * architecture.input[0], std=[0.3] * architecture.input[0], seed=1
    )
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_mean.uniform_(-0.5, 0.5, generator=generator)
                for values in (module.running_var, module.weight, module.bias):
                    values.uniform_(0.5, 1.5, generator=generator)
    return network.eval()


def model_of(architecture, network, metadata=None):
    normalize = network.normalize
    moments = (normalize.mean.flatten().numpy(), normalize.std.flatten().numpy())
    return onnx_model(architecture, folded_parameters(network), moments, metadata)


def assert_same(architecture):
    network = trained(architecture)
    model = model_of(architecture, network)
    onnx.checker.check_model(model, full_check=True)
    session = new_session(model)
    generator = torch.Generator().manual_seed(3)  # Hypothesis asks for the same again
    for count in (1, 3):
        images = torch.rand(count, *architecture.input, generator=generator)
        with torch.inference_mode():
            expected = network(images).numpy()
            scale = size_of_terms(network, images)
        (scores,) = session.run([OUTPUT], {INPUT: images.numpy()})
        assert scores.shape == expected.shape
        assert np.abs(scores - expected).max() <= 1e-4 * max(scale, 1e-6)


def size_of_terms(network, images):
    """The largest sum of absolute terms of a score: a score itself may be next to nothing."""
    *_, last = (each for each in network.modules() if isinstance(each, torch.nn.Linear))
    taken = []
    hook = last.register_forward_pre_hook(lambda _, inputs: taken.extend(inputs))
    network(images)
    hook.remove()
    return float((taken[0].abs() @ last.weight.abs().T + last.bias.abs()).max())


@settings(max_examples=15)
@given(architectures())
def test_any_plain_network(architecture):
    assert_same(architecture)


@settings(max_examples=15)
@given(block_networks())
def test_any_network_of_blocks(architecture):
    assert_same(architecture)


@pytest.mark.parametrize(
    ("notation", "head"),
    [
        (
            "(7,8)/2 lrn | 3/2ceil | (3,8) lrn | 3/2p1",
            PYRAMID,
        ),  # windows over the edge, LRN, 6x6 bins
        ("(3,8) | avg3/2p1ceil | (3,8) | avg3/2ceil", GAP),  # averages with and without padding
        ("(3,8) | avg3/2p1 | (3,8)", Head("average", (1, 3), (6,), 0.5)),
    ],
)
def test_windows_at_the_edges(notation, head):
    for side in (33, 34, 35):
        assert_same(Architecture((3, side, side + 1), parse_notation(notation), head, 5, "none"))


@pytest.mark.parametrize("activation", ["relu6", "silu", "tanh", "sigmoid"])
def test_activations(activation):
    stages = parse_notation("(3,8) | inverted[2,se=4](3,8)")
    assert_same(Architecture((3, 16, 16), stages, GAP, 5, "batch", activation))


def test_the_file_says_what_it_is():
    architecture = Architecture((3, 16, 16), parse_notation("(3,8)/2 | 2/2 | (3,16)x2"), GAP, 5)
    model = model_of(architecture, trained(architecture), {"classes": '["a"]'})
    assert [(each.domain, each.version) for each in model.opset_import] == [("", OPSET)]
    assert {each.key: each.value for each in model.metadata_props} == {"classes": '["a"]'}
    shape = model.graph.input[0].type.tensor_type.shape.dim
    assert [dim.dim_param or dim.dim_value for dim in shape] == ["batch", 3, 16, 16]
    layers = {node.name.split("/")[0] for node in model.graph.node}
    assert layers == {"normalize", *(layer.name for layer in walk(architecture))}
    assert not any(node.op_type == "BatchNormalization" for node in model.graph.node)
