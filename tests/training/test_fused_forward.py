import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from nas_tc.module import build
from nas_tc.recipe import Recipe
from nas_tc.training import Images
from nas_tc.training.batches import plain_batches, shuffled_batches, ten_views
from nas_tc.training.colour import altered_colours, drawn_noise, principal_colours
from nas_tc.training.fused_forward import fused_forward
from strategies import architectures


@settings(max_examples=25)
@given(architectures())
def test_the_fast_form_gives_the_same_scores_and_gradients(architecture):
    channels, height, width = architecture.input
    mean, std = [0.4] * channels, [0.2] * channels
    network = build(architecture, mean=mean, std=std).eval()  # no drop-out
    images = torch.rand(3, channels, height, width).to(memory_format=torch.channels_last)
    found = []
    for forward in (network, fused_forward(network)):
        network.zero_grad()
        scores = forward(images)
        scores.square().sum().backward()
        found.append((scores.detach(), [p.grad.clone() for p in network.parameters()]))
    (scores, gradients), (fast_scores, fast_gradients) = found
    scale = scores.abs().max().item() + 1e-3
    assert torch.allclose(scores, fast_scores, atol=1e-4 * scale)
    for ours, theirs in zip(fast_gradients, gradients, strict=True):
        assert torch.allclose(ours, theirs, atol=2e-3 * (theirs.abs().max().item() + 1e-6))


def test_the_gradient_of_the_average_lies_as_the_maps_do():
    from nas_tc.training.fused_forward import _global_average

    maps = torch.rand(2, 3, 4, 4).to(memory_format=torch.channels_last).requires_grad_()
    _global_average(maps)[0, 1, 0, 0].backward()
    assert maps.grad.is_contiguous(memory_format=torch.channels_last)
    expected = torch.zeros(2, 3, 4, 4)
    expected[0, 1] = 1 / 16
    assert torch.equal(maps.grad, expected)


@settings(max_examples=20)
@given(st.sampled_from([2, 3]), st.integers(1, 2), st.integers(0, 99))
def test_a_relu_after_the_pooling_gives_the_same_to_the_bit(size, stride, seed):
    from nas_tc.training.fused_forward import _pooled_first

    relu, pool = nn.ReLU(inplace=True), nn.MaxPool2d(size, stride)
    tanh = nn.Tanh()
    assert _pooled_first([tanh, relu, pool, relu]) == [tanh, pool, relu, relu]
    assert _pooled_first([relu, tanh, pool]) == [relu, tanh, pool]
    torch.manual_seed(seed)
    images = torch.randn(2, 4, 9, 9).mul(2).round()  # whole numbers: many are equal, or zero
    weights = torch.rand(9, 9)[: (9 - size) // stride + 1, : (9 - size) // stride + 1]
    found = []
    for layers in ([relu, pool], _pooled_first([relu, pool])):
        maps = images.to(torch.bfloat16, memory_format=torch.channels_last).requires_grad_()
        scores = nn.Sequential(*layers)(maps.clone())
        (scores * weights).sum().backward()
        found.append((scores.detach(), maps.grad))
    assert torch.equal(found[0][0], found[1][0])
    assert torch.equal(found[0][1], found[1][1])


def numbered(count=6, side=8, channels=3, **kwargs):
    pixels = torch.randint(0, 256, (count, side, side, channels), dtype=torch.uint8)
    return Images(pixels, torch.arange(count), **kwargs)


def all_crops(image, side, reach):
    """Every window of the image with a reflected border, and its mirror image."""
    found = image.permute(2, 0, 1).float()
    if reach:
        found = functional.pad(found, [reach] * 4, mode="reflect")
    span = found.shape[1] - side + 1
    corners = [(top, left) for top in range(span) for left in range(span)]
    windows = [found[:, a : a + side, b : b + side] for a, b in corners]
    return [w for window in windows for w in (window, window.flip(2))]


@pytest.mark.parametrize(("margin", "reach"), [(0, 2), (3, 0), (2, 1)])
def test_an_augmented_image_is_a_window_of_its_image(margin, reach):
    images = numbered(margin=margin)
    recipe = Recipe(batch_size=6, augment=("crop", "flip"), crop_padding=reach)
    side = 8 - margin
    for seed in range(5):
        ((batch, labels),) = shuffled_batches(images, recipe, torch.Generator().manual_seed(seed))
        assert batch.shape == (6, 3, side, side)
        for found, label in zip(batch * 255, labels, strict=True):
            crops = all_crops(images.pixels[label], side, reach)
            assert any(torch.allclose(found, crop, atol=1e-3) for crop in crops)


def test_larger_images_are_seen_at_their_centre():
    images = numbered(margin=4)
    ((batch, labels),) = plain_batches(images, 10)
    assert torch.allclose(batch * 255, images.pixels[:, 2:6, 2:6].permute(0, 3, 1, 2).float())
    assert torch.equal(labels, images.labels)


def test_ten_views_are_the_centre_the_corners_and_their_mirror_images():
    images = numbered(margin=4)
    ((views, _),) = ten_views(images, 10, 4)
    whole = images.pixels.permute(0, 3, 1, 2).float()
    corners = [(2, 2), (0, 0), (0, 4), (4, 0), (4, 4)]
    expected = [whole[:, :, a : a + 4, b : b + 4] for a, b in corners]
    for number, view in enumerate(expected):
        assert torch.allclose(views[2 * number] * 255, view, atol=1e-3)
        assert torch.allclose(views[2 * number + 1] * 255, view.flip(3), atol=1e-3)


def test_principal_colours_have_the_covariance_of_the_pixels():
    pixels = numbered(50).pixels
    components = principal_colours(pixels)
    colours = pixels.view(-1, 3).double() / 255
    assert torch.allclose(
        (components @ components.T).double(), colours.T.cov(correction=0), atol=1e-6
    )


def test_altered_colours_shift_whole_images_along_the_components():
    components = torch.tensor([[0.5, 0.0], [0.0, 0.0]])
    images = torch.rand(2000, 2, 2, 2)
    noise = drawn_noise(2000, components, torch.Generator().manual_seed(0))
    added = altered_colours(images.clone(), components, noise) - images
    assert torch.allclose(added, added[:, :, :1, :1].expand_as(added), atol=1e-6)
    assert added[:, 1].abs().max() < 1e-6
    assert added[:, 0, 0, 0].std().item() == pytest.approx(0.05, rel=0.1)
