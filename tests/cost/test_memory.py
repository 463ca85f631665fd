"""Memory by formula against what torch's profiler records."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.profiler import ProfilerActivity, profile

from nas_tc.architecture import GAP, Architecture, parse_notation, walk
from nas_tc.cost import network_cost
from nas_tc.cost.intensity import intensity, moved_bytes
from nas_tc.cost.memory import inference_bytes, training_memory
from nas_tc.module import Network
from nas_tc.zoo import ZOO
from strategies import architectures

BATCH = 8
NETWORKS = {
    "lenet5": ZOO["lenet5"].architecture,
    "mobilenet": ZOO["mobilenet-0.5-160"].architecture.at((3, 96, 96)),
    "resnet18": ZOO["resnet18"].architecture.at((3, 96, 96)),
    "mobilenetv2": ZOO["mobilenetv2"].architecture.at((3, 96, 96)),
    "googlenet": ZOO["googlenet"].architecture.at((3, 96, 96)),
    "plain": Architecture((3, 96, 96), parse_notation("(3,32)x2 | 2/2 | (3,64)x3"), GAP, 10),
}


def peak_bytes(run):
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as recorded:
        run()
    events = recorded.profiler.kineto_results.events()
    held = peak = 0
    for event in sorted(
        (each for each in events if each.name() == "[memory]"), key=lambda each: each.start_ns()
    ):
        held += event.nbytes()
        peak = max(peak, held)
    return peak


@pytest.mark.parametrize("name", NETWORKS)
def test_measured_peaks_are_within_15_per_cent(name):
    arch = NETWORKS[name]
    network = Network(arch).to(memory_format=torch.channels_last)
    images = torch.rand(BATCH, *arch.input).to(memory_format=torch.channels_last)
    params = 4 * sum(each.numel() for each in network.parameters())

    def step():
        network(images).logsumexp(1).sum().backward()

    with torch.no_grad():
        network.eval()(images)
        forward = peak_bytes(lambda: network(images))
    assert params + 4 * images.numel() + forward == pytest.approx(
        inference_bytes(arch, BATCH), rel=0.15
    )
    network.train()
    measured = params + 4 * images.numel() + peak_bytes(step)
    assert training_memory(arch, BATCH, "sgd").peak_bytes == pytest.approx(measured, rel=0.15)


@pytest.mark.parametrize("name", ["lenet5", "resnet18", "mobilenetv2"])
def test_measured_peaks_of_training_in_bfloat16(name):
    arch = NETWORKS[name]
    network = Network(arch).to(memory_format=torch.channels_last)
    network.train()
    images = torch.rand(BATCH, *arch.input).to(memory_format=torch.channels_last)
    params = 4 * sum(each.numel() for each in network.parameters())

    def step():
        with torch.autocast("cpu", dtype=torch.bfloat16):
            scores = network(images)
        scores.float().logsumexp(1).sum().backward()

    measured = params + 4 * images.numel() + peak_bytes(step)
    found = training_memory(arch, BATCH, "sgd", value_bytes=2).peak_bytes
    assert found == pytest.approx(measured, rel=0.2)


@given(architectures(), st.sampled_from([2, 4]))
def test_memory_of_training_grows_with_the_batch(architecture, value_bytes):
    one, two, three = (
        training_memory(architecture, batch, value_bytes=value_bytes) for batch in (1, 2, 3)
    )
    assert one.peak_bytes < two.peak_bytes < three.peak_bytes
    assert two.saved_bytes - one.saved_bytes == three.saved_bytes - two.saved_bytes > 0


@pytest.mark.parametrize("kind", ["sgd", "momentum", "adam"])
def test_measured_peaks_of_whole_steps(kind):  # many parameters, few activations: the update tells
    arch = ZOO["lenet5"].architecture
    network = Network(arch).to(memory_format=torch.channels_last)
    images = torch.rand(BATCH, *arch.input).to(memory_format=torch.channels_last)
    make = {
        "sgd": lambda params: torch.optim.SGD(params, lr=1e-4),
        "momentum": lambda params: torch.optim.SGD(params, lr=1e-4, momentum=0.9),
        "adam": lambda params: torch.optim.Adam(params, lr=1e-4),
    }
    optimizer = make[kind](network.parameters())

    def step():
        optimizer.zero_grad()
        network(images).logsumexp(1).sum().backward()
        optimizer.step()

    step()
    optimizer.zero_grad()
    memory = training_memory(arch, BATCH, kind)
    held = memory.parameter_bytes + memory.optimizer_bytes + 4 * images.numel()
    assert memory.peak_bytes == pytest.approx(held + peak_bytes(step), rel=0.05)


def test_the_parts_of_the_surveys_sum():
    arch = ZOO["resnet18"].architecture
    params = network_cost(arch).params
    plain, momentum, adam = (training_memory(arch, 4, kind) for kind in ("sgd", "momentum", "adam"))
    assert plain.parameter_bytes == plain.gradient_bytes == 4 * params
    assert (plain.optimizer_bytes, momentum.optimizer_bytes) == (0, 4 * params)
    assert adam.optimizer_bytes == 8 * params
    assert plain.saved_bytes == adam.saved_bytes
    assert adam.total_bytes == 16 * params + adam.saved_bytes
    assert plain.peak_bytes < momentum.peak_bytes < adam.peak_bytes


def test_saved_activations_grow_with_the_batch_alone():
    arch = ZOO["vgg16"].architecture
    one, four = (training_memory(arch, batch) for batch in (1, 4))
    assert four.saved_bytes == 4 * one.saved_bytes
    assert four.gradient_bytes == one.gradient_bytes
    # Each convolution's output is kept once, for its activation and for the next layer.
    outputs = sum(x.activation_bytes for x in network_cost(arch).layers)
    assert one.saved_bytes > 0.9 * outputs


def test_a_forward_pass_needs_less_than_all_outputs():
    for name in ("vgg16", "resnet50", "efficientnet-b0"):
        found = network_cost(ZOO[name].architecture)
        live = inference_bytes(ZOO[name].architecture) - found.param_bytes
        assert live < found.activation_bytes


def test_an_identity_shortcut_costs_memory_while_it_waits():
    # Normalised and with activations in place: input, and the two outputs of a normalisation;
    # the sum adds a fourth map where the shortcut holds the input.
    plain, residual = (
        Architecture((16, 32, 32), parse_notation(text), GAP, 10)
        for text in ("(3,16)x3", "(3,16)+(3,16) | basic(3,16)")
    )
    extra = inference_bytes(residual) - 4 * network_cost(residual).params
    extra -= inference_bytes(plain) - 4 * network_cost(plain).params
    assert extra == 4 * 16 * 32 * 32


def test_intensity():
    by_name = {layer.name: layer for layer in walk(ZOO["vgg16"].architecture)}
    conv = by_name["conv1.2"]
    values = 64 * 224 * 224
    assert moved_bytes(conv) == 4 * (2 * values + conv.params)
    assert intensity(conv) == 2 * conv.macs / moved_bytes(conv)
    # A fully connected layer reads each weight for two operations: half a one a byte, and a
    # batch reads them once.
    fc = by_name["fc1"]
    assert intensity(fc) == pytest.approx(0.5, rel=0.01)
    assert intensity(fc, 16) == pytest.approx(8, rel=0.02)


def test_joins_read_all_their_inputs():
    by_name = {layer.name: layer for layer in walk(ZOO["resnet18"].architecture)}
    assert moved_bytes(by_name["conv2.1.add"]) == 4 * 3 * 64 * 56 * 56
    by_name = {layer.name: layer for layer in walk(ZOO["googlenet"].architecture)}
    assert moved_bytes(by_name["conv4.1.concat"]) == 4 * 2 * 256 * 28 * 28
    by_name = {layer.name: layer for layer in walk(ZOO["efficientnet-b0"].architecture)}
    assert moved_bytes(by_name["conv2.1.scale"]) == 4 * (2 * 32 * 112 * 112 + 32)
