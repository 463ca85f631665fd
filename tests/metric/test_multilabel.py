"""Predictions of several labels, against scikit-learn."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn import metrics

from nas_tc.errors import NasTcError
from nas_tc.metric import Confusion, Metric, MultilabelConfusion, confusion_from_dict, parse_metric


@st.composite
def several(draw):
    """Labels of images, of which one class has an image at least, and scores with many ties."""
    shape = draw(st.integers(1, 30)), draw(st.integers(2, 5))
    labels = draw(arrays.arrays(np.uint8, shape, elements=st.integers(0, 1)))
    labels[0, 0] = 1
    scores = draw(arrays.arrays(np.float32, shape, elements=st.integers(-3, 3).map(float)))
    return labels, scores


@settings(max_examples=25)
@given(several())
def test_all_figures_are_scikit_learn_s(drawn):
    labels, scores = drawn
    said = scores > 0
    found = MultilabelConfusion.of(labels, scores)
    assert found.images == len(labels)
    cells = np.array(found.cells).reshape(-1, 2, 2)
    assert (cells == metrics.multilabel_confusion_matrix(labels, said)).all()
    present = labels.any(axis=0)
    expected = metrics.average_precision_score(labels[:, present], scores[:, present], average=None)
    of_present = found.average_precision_of[present]
    np.testing.assert_allclose(of_present, np.atleast_1d(expected), rtol=1e-6)
    assert np.isnan(found.average_precision_of[~present]).all()
    assert Metric.MAP_ERROR.of(found) == pytest.approx(1 - np.mean(expected))
    assert Metric.SUBSET_ERROR.of(found) == pytest.approx(1 - metrics.accuracy_score(labels, said))
    assert Metric.HAMMING_ERROR.of(found) == pytest.approx(metrics.hamming_loss(labels, said))
    known = present | said.any(axis=0)
    f1 = metrics.f1_score(labels, said, average=None, zero_division=0)[known]
    np.testing.assert_allclose(found.f1_scores[known], f1)
    assert Metric.MACRO_F1_ERROR.of(found) == pytest.approx(1 - np.mean(f1))


@settings(max_examples=25)
@given(several())
def test_a_study_keeps_them_as_json(drawn):
    found = MultilabelConfusion.of(*drawn)
    kept = json.loads(json.dumps(found.to_dict()))
    assert confusion_from_dict(kept) == found
    one = Confusion.of(np.array([0, 1]), np.array([1, 1]), 2)
    assert confusion_from_dict(json.loads(json.dumps(one.to_dict()))) == one


def test_metrics_of_other_labels_are_refused_with_those_that_apply():
    for metric in (Metric.ERROR, Metric.BALANCED_ERROR, Metric.TOP5_ERROR):
        with pytest.raises(NasTcError, match=r"several labels; use map_error, subset"):
            metric.check(10, multilabel=True)
    for metric in (Metric.MAP_ERROR, Metric.SUBSET_ERROR, Metric.HAMMING_ERROR):
        with pytest.raises(NasTcError, match="not for images with one label each; use error or"):
            metric.check(10)
        metric.check(10, multilabel=True)
    for several in (False, True):
        Metric.MACRO_F1_ERROR.check(10, multilabel=several)
        Metric.usual(multilabel=several).check(10, multilabel=several)
    assert parse_metric("average_precision") is Metric.MAP_ERROR
    assert parse_metric("hamming_loss") is Metric.HAMMING_ERROR
