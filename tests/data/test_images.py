from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split

from nas_tc.data import ImageData, Split, digits, load_data
from nas_tc.data.splits import fewer_indices, split_indices, split_off
from nas_tc.errors import DataError


def drawn(count, classes=2, seed=0):
    random = np.random.default_rng(seed)
    return Split(
        random.integers(0, 256, (count, 4, 5, 3), dtype=np.uint8),
        np.arange(count, dtype=np.int64) % classes,
    )


@given(st.integers(20, 200), st.integers(2, 5), st.integers(5, 10))
def test_a_split_is_a_partition_and_stratified(count, classes, held_out):
    labels = np.arange(count) % classes
    kept, held = split_indices(labels, held_out)
    assert sorted([*kept, *held]) == list(range(count))
    assert len(held) == held_out
    shares = np.bincount(labels[held], minlength=classes) / held_out
    assert np.abs(shares - 1 / classes).max() <= 1 / held_out + 0.05


def test_a_split_is_the_same_every_time():
    labels = np.arange(100) % 3
    assert np.array_equal(split_indices(labels, 10)[1], split_indices(labels, 10)[1])


RARE = np.repeat(np.arange(6), [60, 30, 3, 3, 2, 2])


@pytest.mark.parametrize("labels", [np.arange(100) % 7, np.arange(40) ** 2 % 11 % 3, RARE])
def test_without_rare_classes_the_split_is_scikit_learns(labels):
    """A study of before holds the same images."""
    indices = np.arange(len(labels))
    expected = train_test_split(indices, test_size=20, random_state=2015, stratify=labels)
    assert [part.tolist() for part in split_indices(labels, 20)] == [
        sorted(part) for part in expected
    ]


def test_more_classes_than_images_held_out_are_split_as_ever():
    labels = np.arange(60) % 10
    expected = train_test_split(np.arange(60), test_size=6, random_state=2015)
    assert [part.tolist() for part in split_indices(labels, 6)] == [
        sorted(part) for part in expected
    ]


def test_one_rare_class_leaves_the_split_of_the_others_alone():
    labels = np.repeat(np.arange(10), [10] * 9 + [1])
    kept, held = split_indices(labels, 18)
    assert np.bincount(labels[kept]).tolist() == [8] * 9 + [1]
    assert np.bincount(labels[held]).tolist() == [2] * 9
    left = labels[kept]
    kept, held = split_indices(left, 7)
    assert np.bincount(left[held], minlength=10).tolist() == [1] * 7 + [0] * 3
    assert np.bincount(left[kept]).min() == 1


@given(st.lists(st.integers(1, 12), min_size=2, max_size=12), st.data())
def test_every_class_keeps_an_image_to_train_on(counts, data):
    labels = np.repeat(np.arange(len(counts)), counts)
    spare = len(labels) - len(counts)
    held_out = data.draw(st.integers(1, max(spare, 1)))
    kept, held = split_indices(labels, held_out)
    assert sorted([*kept, *held]) == list(range(len(labels)))
    if spare:
        assert len(held) == held_out
        assert len(np.unique(labels[kept])) == len(counts)


def test_fewer_images_are_one_a_class_at_least():
    labels = np.repeat(np.arange(4), [90, 60, 2, 1])
    for count in (4, 5, 20, 100):
        kept = fewer_indices(labels, count, 4, "x")
        assert len(kept) == count
        assert len(np.unique(labels[kept])) == 4


def test_a_class_without_test_images_is_remarked_upon(tmp_path, monkeypatch):
    monkeypatch.setenv("NAS_TC_CACHE", "off")
    labels = np.array([0] * 30 + [1])
    np.savez(tmp_path / "a.npz", x=np.zeros((31, 2, 2), np.uint8), y=labels)
    data = load_data(f"npz:{tmp_path / 'a.npz'}")
    assert np.bincount(data.train.labels).tolist() == [22, 1]
    lines = data.summary().splitlines()
    assert lines[2:4] == [
        f"no {split} images of '1'; the {split} error says nothing about them"
        for split in ("validation", "test")
    ]


def test_too_few_images_to_be_held_out():
    kept, held = split_indices(np.array([0, 0, 0, 0, 1]), 2)
    assert (len(kept), len(held)) == (3, 2)
    with pytest.raises(DataError, match="5 images are too few to hold 5 of them out"):
        split_off(drawn(5), 5)


def test_moments_are_those_of_the_training_images():
    data = ImageData("x", drawn(50), drawn(4, seed=1), drawn(4, seed=2), ("a", "b"))
    pixels = data.train.images / 255
    mean, std = data.moments
    assert mean == pytest.approx(pixels.mean((0, 1, 2)))
    assert std == pytest.approx(pixels.std((0, 1, 2)))
    assert data.shape == (3, 4, 5)


def test_a_channel_without_spread_can_be_divided_by():
    black = Split(np.zeros((4, 2, 2, 1), dtype=np.uint8), np.array([0, 1, 0, 1]))
    assert ImageData("x", black, black, black, ("a", "b")).moments == ((0.0,), (1 / 255,))


@pytest.mark.parametrize("level", [1, 77, 201, 255])
def test_a_constant_channel_has_the_spread_of_a_grey_level(level):
    """Whatever rounding leaves of its variance, one level more is not blown up at use."""
    images = np.full((30, 7, 7, 3), level, dtype=np.uint8)
    images[..., 0] = np.arange(30, dtype=np.uint8)[:, None, None]
    split = Split(images, np.arange(30) % 2)
    mean, std = ImageData("x", split, split, split, ("a", "b")).moments
    assert std[1:] == (1 / 255, 1 / 255)
    assert (((level + 1) / 255 - mean[1]) / std[1]) == pytest.approx(1)
    assert std[0] == pytest.approx(np.arange(30).std() / 255)


def test_the_checksum_sees_every_change():
    def checksum(**changes):
        parts = {"train": drawn(9), "validation": drawn(3), "test": drawn(3), "classes": ("a", "b")}
        return ImageData("x", **(parts | changes)).checksum

    found = {
        checksum(),
        checksum(train=drawn(9, seed=5)),
        checksum(test=drawn(4)),
        checksum(classes=("a", "c")),
    }
    assert len(found) == 4
    assert checksum() == checksum()


def test_fewer_training_images():
    data = ImageData("x", drawn(50), drawn(4), drawn(4), ("a", "b"))
    fewer = data.with_fewer(10)
    assert len(fewer.train) == 10
    assert np.bincount(fewer.train.labels).tolist() == [5, 5]
    assert fewer.validation is data.validation
    assert data.with_fewer(50) is data
    for wrong in (1, 51):
        with pytest.raises(DataError, match=f"--train-images {wrong}: .* from 2 .* to 50"):
            data.with_fewer(wrong)


def test_the_digits_are_those_of_scikit_learn_wherever_it_keeps_them(monkeypatch):
    quick = digits._bundled()
    monkeypatch.setattr(digits, "_FILE", Path("elsewhere.csv.gz"))
    for found, expected in zip(quick, digits._bundled(), strict=True):
        assert found.dtype == expected.dtype
        assert np.array_equal(found, expected)


def test_the_digits():
    data = load_data("digits")
    assert data.summary() == (
        "digits: 1,079 training, 359 validation and 359 test images of 1x32x32, 10 classes\n"
        "majority class: error 89.97 % in validation and 89.97 % in test"
    )
    assert data.augment == frozenset()
    assert data.checksum == load_data("digits").checksum == "982a99766784e2a5"  # that of 0.1
    everything = np.concatenate([data.train.labels, data.validation.labels, data.test.labels])
    assert len(everything) == 1797
    assert np.bincount(data.validation.labels).min() >= 34  # stratified
    assert load_data("digits", side=(16, 20)).shape == (1, 16, 20)
    assert len(load_data("digits", train_images=100).train) == 100


@pytest.mark.parametrize(
    ("spec", "complaint"),
    [
        ("digit", "unknown data 'digit'; did you mean 'digits'"),
        ("parquett:x", "unknown data 'parquett' in 'parquett:x'"),
        ("parquet", "lacks its folder; write parquet:DIR"),
        ("imagefolder:", "lacks its folder; write imagefolder:DIR"),
        ("parquet:/no/such/folder", "no folder '/no/such/folder'"),
        ("imagefolder:/no/such/folder", "no folder '/no/such/folder'"),
    ],
)
def test_data_that_is_not_there(spec, complaint):
    with pytest.raises(ValueError, match=complaint):
        load_data(spec)
