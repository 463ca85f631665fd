import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from nas_tc.recipe import Recipe
from nas_tc.training import muon as muon_module
from nas_tc.training.muon import Muon
from nas_tc.training.orthogonal import SideBySide, batches, orthogonalized
from nas_tc.training.sgd import Sgd

RECIPE = Recipe(optimizer="muon")


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 99))
def test_singular_values_end_near_one_in_the_same_directions(rows, columns, seed):
    torch.manual_seed(seed)
    u, _ = torch.linalg.qr(torch.randn(rows, min(rows, columns)))
    v, _ = torch.linalg.qr(torch.randn(columns, min(rows, columns)))
    values = torch.linspace(1, 3, min(rows, columns))
    found = u.T @ orthogonalized(u * values @ v.T) @ v
    assert ((found.diagonal() > 0.6) & (found.diagonal() < 1.3)).all()
    assert (found - torch.diag(found.diagonal())).abs().max() < 0.02


def network(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.Conv2d(8, 8, 3, groups=8),
        nn.Conv2d(8, 4, 1, bias=False),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(4, 8),
    ).to(memory_format=torch.channels_last)


def with_gradients(net):
    # Of fewer images or outputs than filters some directions would have no gradient but rounding.
    images = torch.randn(32, 3, 6, 6, generator=torch.Generator().manual_seed(0))
    net(images).square().sum().backward()
    return net


def test_filters_turn_by_half_the_rate_of_their_initial_size_and_the_rest_as_by_sgd():
    one, other = with_gradients(network()), with_gradients(network())
    before = [each.detach().clone() for each in one.parameters()]
    Muon(one, RECIPE).step(0.1)
    Sgd(other.parameters(), RECIPE).step(0.1)
    turned = 0
    for (name, ours), theirs, was in zip(
        one.named_parameters(), other.parameters(), before, strict=True
    ):
        assert ours.grad is None
        if name in ("0.weight", "3.weight"):
            turned += 1
            size = (2 * len(ours)) ** 0.5  # of the Gaussian of He et al.
            assert 0.6 * 0.05 < (ours - was).norm() / size < 1.2 * 0.05
        else:
            assert torch.equal(ours, theirs)
    assert turned == 2


def test_no_layout_changes_a_step():
    steps = []
    for layout in (torch.channels_last, torch.contiguous_format):
        net = with_gradients(network().to(memory_format=layout))
        Muon(net, RECIPE).step(0.1)
        steps.append([each.detach().contiguous() for each in net.parameters()])
    for one, other in zip(*steps, strict=True):
        assert torch.allclose(one, other, atol=1e-3)


def test_it_goes_on_from_a_checkpoint_to_the_bit():
    whole, cut = network(), network()
    always, first = Muon(whole, RECIPE), Muon(cut, RECIPE)
    for _ in range(2):
        for net, muon in ((whole, always), (cut, first)):
            with_gradients(net)
            muon.step(0.1)
    second = Muon(cut, RECIPE)
    second.resume(first.state())
    for net, muon in ((whole, always), (cut, second)):
        with_gradients(net)
        muon.step(0.05)
    for one, other in zip(whole.parameters(), cut.parameters(), strict=True):
        assert torch.equal(one, other)


def test_weights_decay():
    recipes = [Recipe(optimizer="muon", weight_decay=decay) for decay in (0.0, 0.1)]
    moved = []
    for recipe in recipes:
        net = with_gradients(network())
        Muon(net, recipe).step(0.1)
        moved.append(net[0].weight.detach())
    begun = network()[0].weight.detach()
    assert torch.allclose(moved[0] - moved[1], 0.01 * begun, atol=1e-6)


def test_a_network_without_such_filters_trains():
    net = nn.Sequential(nn.Flatten(), nn.Linear(9, 2))
    net(torch.randn(2, 1, 3, 3)).sum().backward()
    before = net[1].weight.detach().clone()
    Muon(net, RECIPE).step(0.1)
    assert not torch.equal(before, net[1].weight)


@pytest.mark.parametrize("values", [torch.zeros(3, 4), torch.full((3, 4), 1e-30)])
def test_a_gradient_of_nothing_is_no_number_trouble(values):
    assert torch.isfinite(orthogonalized(values)).all()


SHAPES = st.lists(st.tuples(st.integers(1, 24), st.integers(1, 24)), min_size=1, max_size=6)


@given(SHAPES, st.integers(0, 99))
def test_matrices_side_by_side_end_as_one_by_one(shapes, seed):
    torch.manual_seed(seed)
    together = SideBySide(shapes, torch.float32, torch.device("cpu"))
    for _ in range(2):  # what lies in the batch from the first call is overwritten
        # Equal singular values: rounding in directions of hardly any length would grow.
        matrices = [torch.nn.init.orthogonal_(torch.empty(shape)) for shape in shapes]
        found = together.orthogonalized(matrices)
        for one, other in zip(found, matrices, strict=True):
            assert torch.allclose(one, orthogonalized(other), atol=1e-4)


def work(rows, columns):
    """Multiply-adds of five iterations: the Gram matrix, its square, and their product."""
    return 5 * (rows**2 * columns + rows**3 + rows**2 * columns)


@given(SHAPES, st.floats(0, 1e5))
def test_padding_costs_no_more_than_allowed(shapes, most_padding):
    found = batches(shapes, most_padding)
    assert sorted(number for batch in found for number in batch) == list(range(len(shapes)))
    for batch in found:
        sides = [sorted(shapes[number]) for number in batch]
        padded = len(batch) * work(max(s[0] for s in sides), max(s[1] for s in sides))
        assert padded - sum(work(*each) for each in sides) <= most_padding * (len(batch) - 1)


def test_small_layers_go_side_by_side_and_large_ones_of_other_sizes_by_themselves():
    assert batches([(32, 27), (64, 576), (96, 576), (16, 64)]) == [[2, 1, 0, 3]]
    assert batches([(512, 4608), (64, 576), (512, 4608)]) == [[0, 2], [1]]


@pytest.mark.parametrize("most_padding", [0, 1e9])
def test_a_step_side_by_side_is_a_step_one_by_one(most_padding, monkeypatch):
    one, other = network(), network()
    alone = Muon(one, RECIPE)
    monkeypatch.setattr(muon_module, "_waits_for_launches", lambda _: True)
    monkeypatch.setattr(muon_module, "batches", lambda shapes: batches(shapes, most_padding))
    together = Muon(other, RECIPE)
    assert len(together._batches) == (1 if most_padding else 2)
    for _ in range(2):
        for net, muon in ((one, alone), (other, together)):
            with_gradients(net)
            muon.step(torch.tensor(0.1))
    for ours, theirs in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.allclose(ours, theirs, atol=2e-3)  # bfloat16, where the processor has it
