import torch
from hypothesis import given

from nas_tc.architecture import GAP, SPP, Architecture, parse_notation
from nas_tc.module import build
from strategies import architectures

SMALL = Architecture((3, 16, 16), parse_notation("(3,8)x2 | 2/2 | (3,16)"), GAP, classes=5)


def test_the_same_seed_gives_the_same_network():
    def weights(seed):
        return torch.cat([p.flatten() for p in build(SMALL, seed=seed).parameters()])

    assert torch.equal(weights(1), weights(1))
    assert not torch.equal(weights(1), weights(2))


def test_the_signal_keeps_its_spread_through_deep_networks():  # He et al. 2015, Eqn. 10
    deep = Architecture((3, 24, 24), parse_notation("(3,64)x20"), GAP, 10, norm="none")
    network = build(deep, seed=0).eval()
    maps = torch.randn(8, 3, 24, 24, generator=torch.Generator().manual_seed(0))
    spread = []
    with torch.inference_mode():
        for module in network.layers[:-3]:
            maps = module(maps)
            if isinstance(module, torch.nn.ReLU):
                spread.append(maps.square().mean().item())
    # torch's own initialisation loses a factor of six a layer, so 6^20; borders cost us some.
    assert 0.01 < spread[-1] / spread[0] < 100


def test_moments_are_part_of_the_network():
    plain, shifted = build(SMALL).eval(), build(SMALL, mean=[0.2] * 3, std=[0.5] * 3).eval()
    images = torch.rand(2, 3, 16, 16)
    assert torch.allclose(plain((images - 0.2) / 0.5), shifted(images), atol=1e-5)
    assert shifted.state_dict()["normalize.mean"].flatten().tolist() == [torch.tensor(0.2)] * 3


@given(architectures())
def test_weights_are_in_channels_last_and_biases_zero(arch):
    network = build(arch)
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            assert module.weight.is_contiguous(memory_format=torch.channels_last)
            assert (module.bias is None) == (arch.norm == "batch")
            assert module.bias is None or not module.bias.any()


def test_the_papers_head_is_built():
    arch = Architecture((3, 64, 64), parse_notation("(7,8)/2 | 3/3 | (3,8)"), SPP, 10, "none")
    linear = [m for m in build(arch).modules() if isinstance(m, torch.nn.Linear)]
    assert [(m.in_features, m.out_features) for m in linear] == [
        (400, 4096),
        (4096, 4096),
        (4096, 10),
    ]
