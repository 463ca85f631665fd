"""Colour altering along the principal components."""

import pytest
import torch

from nas_tc.training.colour import add_colours, drawn_noise, principal_colours


def test_principal_colours_have_the_covariance_of_the_pixels():
    pixels = torch.randint(0, 256, (50, 8, 8, 3), dtype=torch.uint8)
    components = principal_colours(pixels)
    colours = pixels.view(-1, 3).double() / 255
    assert torch.allclose(
        (components @ components.T).double(), colours.T.cov(correction=0), atol=1e-6
    )


def test_altered_colours_shift_whole_images_along_the_components():
    components = torch.tensor([[0.5, 0.0], [0.0, 0.0]])
    images = torch.rand(2000, 2, 2, 2)
    noise = drawn_noise(2000, components, torch.Generator().manual_seed(0))
    changed = images.clone()
    add_colours(changed, noise @ components.T)
    added = changed - images
    assert torch.allclose(added, added[:, :, :1, :1].expand_as(added), atol=1e-6)
    assert added[:, 1].abs().max() < 1e-6
    assert added[:, 0, 0, 0].std().item() == pytest.approx(0.05, rel=0.1)
