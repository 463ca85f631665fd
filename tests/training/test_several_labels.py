"""Training on images with several labels: the loss, its weights, predictions and their counts."""

import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score
from torch.nn import functional

from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.errors import NasTcError
from nas_tc.metric import Metric
from nas_tc.module import build
from nas_tc.recipe import Recipe
from nas_tc.training import Images, Training, confusion_of, error_of_views, train
from nas_tc.training.balance import balanced_weights
from nas_tc.training.batches import plain_batches
from nas_tc.training.step import batch_loss


def quarters(count=160, seed=0):
    """Noise images of 16 pixels; label k: quarter k is bright."""
    random = np.random.default_rng(seed)
    labels = (random.random((count, 4)) < (0.1, 0.3, 0.5, 0.7)).astype(np.uint8)
    bright = labels.reshape(-1, 2, 2, 1).repeat(8, axis=1).repeat(8, axis=2)
    pixels = random.integers(0, 90, (count, 16, 16, 1)) + 120 * bright
    return Images(torch.tensor(pixels.astype(np.uint8)), torch.tensor(labels))


def network():
    stages = parse_notation("(3,8)/2 | (3,16)/2")
    return build(Architecture((1, 16, 16), stages, GAP, 4), seed=1)


def test_the_loss_is_the_sum_of_torch_s_over_the_classes():
    torch.manual_seed(0)
    scores, labels = torch.randn(40, 5), (torch.rand(40, 5) < 0.3).to(torch.uint8)
    labels[:, 4] = 0  # which no image has
    each = functional.binary_cross_entropy_with_logits(scores, labels.float())
    assert batch_loss(scores, labels, 0.0, None).item() == pytest.approx(5 * each.item(), rel=1e-6)
    smoothed = functional.binary_cross_entropy_with_logits(scores, 0.8 * labels + 0.1)
    assert batch_loss(scores, labels, 0.2, None).item() == pytest.approx(5 * smoothed.item())
    weights = balanced_weights(labels)
    having = labels.sum(0)
    ratio = (len(labels) - having[:4]) / having[:4]
    torch.testing.assert_close(weights[1, :4] / weights[0, :4], ratio)
    assert weights[:, 4].tolist() == [1, 1]
    mean = torch.where(labels.bool(), weights[1], weights[0]).mean(0)
    torch.testing.assert_close(mean, torch.ones(5))
    weighed = [
        functional.binary_cross_entropy_with_logits(
            scores[:, at], labels[:, at].float(), pos_weight=weights[1, at] / weights[0, at]
        )
        * weights[0, at]
        for at in range(5)
    ]
    assert batch_loss(scores, labels, 0.0, weights).item() == pytest.approx(
        sum(weighed).item(), rel=1e-6
    )


def test_a_network_learns_the_labels_and_is_counted_as_scikit_learn_does():
    trained, validation = network(), quarters(seed=1)
    recipe = Recipe(epochs=6, batch_size=16, class_weights="balanced")
    rungs = list(train(trained, quarters(), validation, recipe, seed=0, metric=Metric.MAP_ERROR))
    found = confusion_of(trained, validation)
    with torch.inference_mode(), torch.autocast("cpu", enabled=False):
        scores = torch.cat([trained.eval()(pixels) for pixels, _ in plain_batches(validation, 50)])
    expected = average_precision_score(validation.labels, scores, average="macro")
    assert 1 - rungs[-1].val_error == pytest.approx(expected, abs=0.01)  # bfloat16 ties
    assert rungs[-1].val_error == Metric.MAP_ERROR.of(found) < 0.25
    assert rungs[-1].train_loss < rungs[0].train_loss
    single = error_of_views(trained, validation)
    assert single.confusion == found
    assert (single.top1, single.top5) == (found.error, 0)
    ten = error_of_views(trained, validation, views=10, reach=1)
    assert Metric.MAP_ERROR.of(ten.confusion) < 0.3


def test_a_training_resumes_to_the_bit():
    recipe = Recipe(epochs=2, batch_size=16)
    whole, first, second = (Training(network(), quarters(60), recipe, seed=2) for _ in range(3))
    for _ in range(2):
        whole.run_epoch()
    first.run_epoch()
    second.resume(first.state())
    second.run_epoch()
    pairs = zip(
        whole.network.state_dict().values(), second.network.state_dict().values(), strict=True
    )
    assert all(torch.equal(one, other) for one, other in pairs)


def test_balanced_batches_are_refused():
    with pytest.raises(NasTcError, match="several labels; set class_weights=balanced"):
        Recipe(batches="balanced").check_labels(multilabel=True)
    Recipe(batches="balanced").check_labels(multilabel=False)
    Recipe(class_weights="balanced").check_labels(multilabel=True)
