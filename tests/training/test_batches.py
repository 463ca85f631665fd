"""Batches: augmentation, order, views, and the place of the images."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from nas_tc.data import Split
from nas_tc.errors import DeviceError
from nas_tc.recipe import Recipe
from nas_tc.training import (
    Images,
    images_on,
)
from nas_tc.training.batches import plain_batches, shuffled_batches, ten_views, to_float

GPU = torch.device("cuda")
FOUR = Split(np.arange(48, dtype=np.uint8).reshape(4, 2, 2, 3), np.arange(4))


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


def images(split):
    return Images(torch.from_numpy(split.images), torch.from_numpy(split.labels))


def test_nothing_is_changed_without_augmentation():
    pixels = torch.randint(0, 256, (7, 4, 4, 2), dtype=torch.uint8)
    data = Images(pixels, torch.arange(7))
    batches = list(shuffled_batches(data, Recipe(batch_size=7), torch.Generator().manual_seed(0)))
    assert len(batches) == 1
    found, labels = batches[0]
    assert sorted(labels.tolist()) == list(range(7))
    assert torch.equal((found * 255).round().byte(), pixels[labels].permute(0, 3, 1, 2))
    assert found.is_contiguous(memory_format=torch.channels_last)


@given(
    count=st.integers(1, 9),
    height=st.integers(5, 9),
    width=st.integers(5, 9),
    augment=st.sampled_from([("crop",), ("flip",), ("crop", "flip")]),
    seed=st.integers(0, 1000),
)
def test_augmented_images_are_shifts_and_mirrors(count, height, width, augment, seed):
    pixels = torch.randint(
        0,
        256,
        (count, height, width, 3),
        dtype=torch.uint8,
        generator=torch.Generator().manual_seed(seed),
    )
    recipe = Recipe(batch_size=100, augment=augment, crop_padding=2)
    generator = torch.Generator().manual_seed(seed)
    for found, labels in shuffled_batches(Images(pixels, torch.arange(count)), recipe, generator):
        for image, label in zip(found, labels, strict=True):
            made = (image * 255).round().byte().permute(1, 2, 0).numpy()
            assert any(np.array_equal(made, each) for each in expected(pixels[label], augment))


def expected(image, augment):
    """Every image that a shift by up to two pixels and a mirror can make, padded by reflection."""
    padded = np.pad(image.numpy(), ((2, 2), (2, 2), (0, 0)), mode="reflect")
    height, width, _ = image.shape
    shifts = range(5) if "crop" in augment else [2]
    for top in shifts:
        for left in shifts:
            cut = padded[top : top + height, left : left + width]
            yield cut
            if "flip" in augment:
                yield cut[:, ::-1]


def test_batches_of_one_epoch_meet_each_image_once():
    data = Images(torch.zeros(25, 2, 2, 1, dtype=torch.uint8), torch.arange(25))
    seen = [
        labels.tolist()
        for _, labels in shuffled_batches(data, Recipe(batch_size=8), torch.Generator())
    ]
    assert [len(each) for each in seen] == [8, 8, 8]  # the last one, of 1, is left out
    assert len({label for each in seen for label in each}) == 24
    assert [len(labels) for _, labels in plain_batches(data, 10)] == [10, 10, 5]


def test_a_set_smaller_than_a_batch_is_one_batch():
    data = Images(torch.zeros(5, 2, 2, 1, dtype=torch.uint8), torch.arange(5))
    assert len(list(shuffled_batches(data, Recipe(batch_size=8), torch.Generator()))) == 1


@pytest.mark.parametrize(("size", "streamed"), [(48, False), (47, True)])
def test_images_beyond_the_gpus_memory_are_sent_batch_by_batch(gpu, monkeypatch, size, streamed):
    monkeypatch.setattr("nas_tc.training.batches.room_for_images", lambda *_: size)
    images = images_on(GPU, FOUR)
    assert images.streamed == streamed
    assert [len(tensor.shape) for tensor in gpu] == ([1] if streamed else [1, 4])
    batches = [pixels for pixels, _ in plain_batches(images, 2)]
    assert torch.equal(torch.cat(batches), to_float(torch.from_numpy(FOUR.images)))


def test_images_that_another_process_has_taken_the_room_of(gpu, monkeypatch):
    def full(tensor, _):
        if tensor.ndim == 4:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate\n2.00 GiB")
        return tensor

    monkeypatch.setattr(torch.Tensor, "to", full)
    assert images_on(GPU, FOUR).streamed


def test_a_gpu_that_is_full_is_one_line(gpu, monkeypatch):
    def full(*_):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate\n2.00 GiB")

    monkeypatch.setattr(torch.Tensor, "to", full)
    with pytest.raises(DeviceError, match=r"no room for 4 labels, 32 bytes: .* --device cpu") as it:
        images_on(GPU, FOUR)
    assert "\n" not in str(it.value)
