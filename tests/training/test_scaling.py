"""Images at a network's own size: the same bytes everywhere, and Pillow's but for rounding."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from nas_tc.recipe import Recipe
from nas_tc.training import Images
from nas_tc.training.batches import altered, plain_batches, shuffled_batches, ten_views, to_float
from nas_tc.training.scaling import _along, interpolated, scaled, scaled_array

sides = st.integers(1, 70)


def noise(count, height, width, channels=3):
    generator = torch.Generator().manual_seed(count + height)
    shape = (count, height, width, channels)
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)


@settings(max_examples=60)
@given(st.tuples(sides, sides), st.tuples(sides, sides), st.sampled_from([1, 3]))
def test_a_gpu_and_a_processor_make_the_same_bytes(before, after, channels):
    pixels = noise(2, *before, channels)
    on_processor = interpolated(pixels, *after)
    assert on_processor.shape == (2, *after, channels)
    on_gpu = _along(_along(pixels, 2, after[1]), 1, after[0])
    assert torch.equal(on_gpu, on_processor)
    without_torch = scaled_array(pixels[0].numpy(), *after)
    assert (without_torch == on_processor[0].numpy()).all()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
@pytest.mark.parametrize("size", [(24, 24), (40, 17), (64, 160)])
def test_a_real_gpu_makes_the_bytes_of_a_processor(size):
    pixels = noise(50, 32, 48)
    assert torch.equal(scaled(pixels.cuda(), size).cpu(), scaled(pixels, size))


@pytest.mark.parametrize("size", [(24, 24), (40, 17), (5, 64), (96, 96)])
def test_the_filter_is_that_of_pillow(size):
    pixels = noise(1, 32, 32)
    image = Image.fromarray(pixels[0].numpy()).resize(size[::-1], Image.Resampling.BILINEAR)
    distance = np.asarray(image).astype(int) - scaled(pixels, size)[0].numpy()
    assert abs(distance).max() <= 1


def test_an_image_does_not_depend_on_its_batch():
    pixels = noise(7, 33, 21)
    together = scaled(pixels, (20, 20))
    assert torch.equal(together[3], scaled(pixels[3:4], (20, 20))[0])


def test_images_that_have_the_size_stay_as_they_are():
    pixels = noise(3, 12, 10)
    assert scaled(pixels, (12, 10)) is pixels
    images = Images(pixels, torch.arange(3), margin=2)
    assert images.at((10, 8)).size is None
    assert images.at((7, 7)).at((10, 8)) == images


@pytest.mark.parametrize("margin", [0, 3])
def test_windows_are_cut_from_the_stored_image_and_scaled_then(margin):
    """So a crop of four pixels of 32 moves a network of 24 by three of its own."""
    images = Images(noise(6, 20, 20), torch.arange(6), margin=margin)
    recipe = Recipe(batch_size=6, augment=("crop", "flip"), crop_padding=2)
    draw = torch.Generator().manual_seed
    ((full, labels),) = shuffled_batches(images, recipe, draw(5))
    ((small, same),) = shuffled_batches(images.at((11, 11)), recipe, draw(5))
    assert torch.equal(labels, same)
    windows = (full * 255).round().to(torch.uint8).permute(0, 2, 3, 1)
    assert torch.equal(small, to_float(scaled(windows, (11, 11))))
    assert small.is_contiguous(memory_format=torch.channels_last)


def test_evaluation_sees_the_scaled_centre_and_ten_scaled_views():
    images = Images(noise(4, 20, 20), torch.arange(4), margin=4).at((8, 8))
    ((plain, _),) = plain_batches(images, 4)
    centre = images.pixels[:, 2:18, 2:18]
    assert torch.equal(plain, to_float(scaled(centre, (8, 8))))
    ((views, _),) = ten_views(images, 4, 0)
    assert len(views) == 10
    assert torch.equal(views[0], plain)
    corner = torch.zeros(2, 4, dtype=torch.int64)
    first = altered(images.pixels, torch.arange(4), 4, corner, None)
    assert torch.equal(views[2], to_float(scaled(first, (8, 8))))
