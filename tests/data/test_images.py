import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_tc.data import ImageData, Split, load_data
from nas_tc.data.images import label_numbers, split_indices, split_off
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


def test_classes_too_small_to_be_stratified():
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
    assert ImageData("x", black, black, black, ("a", "b")).moments == ((0.0,), (1.0,))


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


def test_labels_become_numbers():
    numbers, classes = label_numbers([10, 2, 10], "x")
    assert (numbers.tolist(), classes) == ([1, 0, 1], ("2", "10"))
    assert label_numbers(["cat", "ant"], "x")[1] == ("ant", "cat")
    with pytest.raises(DataError, match="image 1 has no label"):
        label_numbers([1, None], "x")
    with pytest.raises(DataError, match="two classes or more"):
        label_numbers([7, 7], "x")


def test_the_digits():
    data = load_data("digits")
    assert data.summary() == (
        "digits: 1,079 training, 359 validation and 359 test images of 1x32x32, 10 classes"
    )
    assert data.augment == frozenset()
    assert data.checksum == load_data("digits").checksum
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
