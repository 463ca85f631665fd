"""Confusion matrices, against scikit-learn."""

import json

import numpy as np
import pytest
from hypothesis import given
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from nas_tc.metric import Confusion
from strategies import predictions


@given(predictions())
def test_cells_and_class_figures_are_scikit_learn_s(drawn):
    labels, predicted, classes = drawn
    found = Confusion.of(labels, predicted, classes)
    matrix = np.zeros((classes, classes), dtype=int)
    for true, said, count in found.cells:
        assert count > 0
        matrix[true, said] = count
    known = list(range(classes))
    assert (matrix == confusion_matrix(labels, predicted, labels=known)).all()
    assert found.images == len(labels)
    assert found.error == pytest.approx(np.mean(labels != predicted))
    precision, recall, f1, support = precision_recall_fscore_support(
        labels, predicted, labels=known, zero_division=np.nan
    )
    np.testing.assert_allclose(found.precisions, precision)
    np.testing.assert_allclose(found.class_errors, 1 - recall)
    np.testing.assert_allclose(found.f1_scores, f1)
    assert found.images_of.tolist() == support.tolist()


@given(predictions())
def test_a_study_keeps_it_as_json(drawn):
    found = Confusion.of(*drawn, top5_wrong=3)
    assert Confusion.from_dict(json.loads(json.dumps(found.to_dict()))) == found
    assert hash(Confusion.from_dict(found.to_dict())) == hash(found)


def test_a_thousand_classes_take_no_dense_matrix():
    labels = np.arange(30_000) % 30_000
    found = Confusion.of(labels, labels, 30_000)
    assert len(found.cells) == 30_000
    assert found.error == 0
