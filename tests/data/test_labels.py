"""Labels as numbers, and the split of images with several labels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from nas_tc.data.labels import class_names, numbered, settle_labels
from nas_tc.data.splits import fewer_indices, split_indices
from nas_tc.errors import DataError


def settled(**splits):
    return settle_labels(splits, {name: f"{name} {{}}".format for name in splits}, "x")


def test_labels_become_numbers():
    assert class_names([10, 2, 10], "x") == ("2", "10")
    assert class_names(["cat", "ant"], "x") == ("ant", "cat")
    assert numbered([10, 2, 10], ("2", "10"), str).tolist() == [1, 0, 1]
    with pytest.raises(DataError, match="image 1 has no label"):
        class_names([1, None], "x")
    with pytest.raises(DataError, match="two classes or more"):
        class_names([7, 7], "x")
    with pytest.raises(DataError, match="image 1: label 3 is not among"):
        numbered([2, 3], ("2",), "image {}".format)


def test_lists_become_rows_of_zeros_and_ones():
    found = settled(train=[["dog", "cat"], [], ["owl"]], test=[("cat",), ("owl", "owl")])
    assert found.classes == ("cat", "dog", "owl")
    assert found.numbers["train"].tolist() == [[1, 1, 0], [0, 0, 0], [0, 0, 1]]
    assert found.numbers["test"].tolist() == [[1, 0, 0], [0, 0, 1]]
    assert found.numbers["test"].dtype == np.uint8
    with pytest.raises(DataError, match="test 1: label 'elk' is not among the training images"):
        settled(train=[["dog", "cat"], ["owl"]], test=[["dog", "cat"], ["owl", "elk"]])
    with pytest.raises(DataError, match="train 1: a list of labels, but train 0 has one label"):
        settled(train=["dog", ["cat"]])
    with pytest.raises(DataError, match="no image has a label; a search needs two classes"):
        settled(train=[[], []])


def test_lists_of_one_label_and_one_hot_rows_are_classes():
    found = settled(train=[["dog"], ["cat"], ["dog"]])
    assert found.numbers["train"].tolist() == [1, 0, 1]
    assert found.remarks == ("each list of labels has one: read as one class an image",)
    rows = np.eye(3)[[0, 2, 1]]
    for one_hot in (rows, rows.astype(int).tolist(), rows.tolist()):
        assert settled(train=one_hot).numbers["train"].tolist() == [0, 2, 1]
    found = settled(train=rows, test=rows[::-1] + rows)  # several labels in one split are enough
    assert found.numbers["train"].tolist() == rows.tolist()
    with pytest.raises(DataError, match="columns; save one kind"):
        settled(train=np.ones((2, 3)), test=np.ones((2, 4)))


def test_the_lists_of_the_classes_0_and_1_are_no_rows_of_a_matrix():
    assert settled(train=[[0, 1], [1, 0]]).numbers["train"].tolist() == [[1, 1], [1, 1]]
    assert settled(train=[[0, 1], [1, 1]]).numbers["train"].tolist() == [[0, 1], [1, 1]]
    assert settled(train=[[0.0, 1.0], [1.0, 1.0]]).numbers["train"].tolist() == [[0, 1], [1, 1]]
    with pytest.raises(DataError, match="whole numbers or names, not fractions"):
        settled(train=[[0.0, 1], [1]])


@given(arrays.arrays(np.uint8, st.tuples(st.integers(2, 60), st.integers(2, 6)),
                     elements=st.integers(0, 1)), st.data())  # fmt: skip
def test_a_split_is_exact_and_leaves_each_label_an_image(labels, data):
    classes = labels.shape[1]
    held_out = data.draw(st.integers(0, len(labels) - 1))
    kept, held = split_indices(labels, held_out)
    assert sorted([*kept, *held]) == list(range(len(labels)))
    assert len(held) == held_out
    if len(kept) >= classes:
        assert (labels[kept].any(axis=0) == labels.any(axis=0)).all()
        assert np.array_equal(fewer_indices(labels, len(kept), classes, "x"), kept)


@pytest.mark.parametrize("held_out", [30, 300, 700])
def test_a_split_has_each_label_in_proportion(held_out):
    random = np.random.default_rng(0)
    labels = (random.random((1000, 12)) < np.geomspace(0.003, 0.5, 12)).astype(np.uint8)
    counts = labels.sum(axis=0)
    share = held_out / len(labels)

    def away(held):
        return np.abs(labels[held].sum(axis=0) - share * counts)

    iterative = away(split_indices(labels, held_out)[1])
    by_chance = [away(random.permutation(1000)[:held_out]).mean() for _ in range(20)]
    assert iterative.max() <= 4  # images
    assert iterative.mean() < min(by_chance) * 0.6
