"""Metrics, against scikit-learn's scores."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from nas_tc.errors import NasTcError
from nas_tc.metric import Confusion, Metric, parse_metric
from strategies import predictions


@given(predictions())
def test_every_metric_is_one_less_scikit_learn_s_score(drawn):
    labels, predicted, classes = drawn
    found = Confusion.of(labels, predicted, classes)
    recalls = metrics.recall_score(labels, predicted, labels=np.unique(labels), average=None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # classes that are predicted and do not occur
        scores = {
            Metric.ERROR: metrics.accuracy_score(labels, predicted),
            Metric.BALANCED_ERROR: metrics.balanced_accuracy_score(labels, predicted),
            Metric.MACRO_F1_ERROR: metrics.f1_score(labels, predicted, average="macro"),
            Metric.WORST_CLASS_ERROR: min(recalls),
        }
    for metric, score in scores.items():
        assert metric.of(found) == pytest.approx(1 - score)
        assert 0 <= metric.of(found) <= 1


@given(st.integers(0, 2**32 - 1), st.integers(6, 12))
def test_the_top_5_error_is_too(seed, classes):
    rng = np.random.default_rng(seed)
    scores, labels = rng.random((30, classes)), rng.integers(0, classes, 30)
    best = np.argsort(-scores, axis=1)[:, :5]
    wrong = int((best != labels[:, None]).all(1).sum())
    found = Confusion.of(labels, best[:, 0], classes, wrong)
    score = metrics.top_k_accuracy_score(labels, scores, k=5, labels=range(classes))
    assert Metric.TOP5_ERROR.of(found) == pytest.approx(1 - score)


@pytest.mark.parametrize(
    ("text", "metric"),
    [
        ("balanced_error", Metric.BALANCED_ERROR),
        ("balanced_accuracy", Metric.BALANCED_ERROR),
        ("f1_macro", Metric.MACRO_F1_ERROR),
        ("macro-f1", Metric.MACRO_F1_ERROR),
        ("Accuracy", Metric.ERROR),
        ("top_5_accuracy", Metric.TOP5_ERROR),
    ],
)
def test_names_of_scores_are_known(text, metric):
    assert parse_metric(text) is metric


def test_other_names_are_refused_with_the_nearest():
    with pytest.raises(NasTcError, match=r"balanced_eror.; did you mean .balanced_error."):
        parse_metric("balanced_eror")
    with pytest.raises(NasTcError, match="more than 5 classes, not 5"):
        Metric.TOP5_ERROR.check(5)
    Metric.TOP5_ERROR.check(6)
    Metric.ERROR.check(2)
