"""Class weights and balanced batches."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight
from torch.nn import functional

from nas_tc.errors import NasTcError
from nas_tc.recipe import Recipe, load_recipe, parse_fields
from nas_tc.training import Images
from nas_tc.training.balance import balanced_order, balanced_weights
from nas_tc.training.batches import shuffled_batches
from nas_tc.training.shard import Shard
from nas_tc.training.step import weighted_loss

some_labels = st.lists(st.integers(0, 6), min_size=1, max_size=60).map(torch.tensor)


@given(some_labels)
def test_weights_are_scikit_learn_s(labels):
    weights = balanced_weights(labels)
    present = np.unique(labels)
    expected = compute_class_weight("balanced", classes=present, y=labels.numpy())
    np.testing.assert_allclose(weights[present], expected, rtol=1e-5)
    assert weights.count_nonzero() == len(present)
    assert weights[labels].mean() == pytest.approx(1, rel=1e-5)


@given(some_labels, st.integers(0, 2**31))
def test_an_epoch_deals_every_class_equally_often(labels, seed):
    order = balanced_order(labels, torch.Generator().manual_seed(seed))
    assert len(order) == len(labels)
    present = len(labels.unique())
    for start in range(0, len(order), present):  # any round has each class once at most
        dealt = labels[order[start : start + present]]
        assert len(dealt.unique()) == len(dealt)
    for label in labels.unique():
        times = torch.bincount(order[labels[order] == label], minlength=len(labels))
        times = times[labels == label]
        assert times.max() - times.min() <= 1  # no image again before all others have come


def test_the_weighted_loss_is_the_mean_over_classes_of_their_mean_losses():
    torch.manual_seed(0)
    labels = torch.tensor([0] * 12 + [1] * 3 + [2])
    scores = torch.randn(16, 3, requires_grad=True)
    loss = weighted_loss(scores, labels, 0.1, balanced_weights(labels))
    each = [
        functional.cross_entropy(
            scores[labels == label], labels[labels == label], label_smoothing=0.1
        )
        for label in range(3)
    ]
    assert loss.item() == pytest.approx(sum(e.item() for e in each) / 3, rel=1e-5)
    plain = weighted_loss(scores, labels, 0.1, None)
    assert plain.item() == functional.cross_entropy(scores, labels, label_smoothing=0.1).item()


@pytest.mark.parametrize("streamed", [False, True])
def test_balanced_batches_of_several_processes_are_those_of_one(streamed):
    labels = torch.tensor([0] * 50 + [1] * 8 + [2] * 6)
    pixels = torch.arange(64, dtype=torch.uint8).view(-1, 1, 1, 1).expand(-1, 4, 4, 1).contiguous()
    images = Images(pixels, labels, streamed=streamed)
    recipe = Recipe(batch_size=12, batches="balanced", augment=("flip",))

    def batches(shard):
        return list(shuffled_batches(images, recipe, torch.Generator().manual_seed(3), shard))

    whole = batches(Shard())
    assert len(whole) == 5
    for seen, numbers in whole:
        assert torch.bincount(numbers).tolist() == [4, 4, 4]
        assert (labels[(seen[:, 0, 0, 0] * 255).round().long()] == numbers).all()
    for one, two, both in zip(batches(Shard(0, 2)), batches(Shard(1, 2)), whole, strict=True):
        assert torch.equal(torch.cat([one[1], two[1]]), both[1])


def test_both_at_once_and_unknown_words_are_refused():
    fields = parse_fields(["class_weights=balanced"])
    assert load_recipe("quick", **fields).class_weights == "balanced"
    with pytest.raises(NasTcError, match="set one of them"):
        load_recipe("quick", **fields, batches="balanced")
    with pytest.raises(NasTcError, match="class_weights must be none or balanced, not balance"):
        Recipe(class_weights="balance")
    with pytest.raises(NasTcError, match="batches must be shuffled or balanced, not even"):
        Recipe(batches="even")
