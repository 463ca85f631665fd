"""How good are predictions? Confusion matrices and what is read from them; no torch."""

from nas_tc.metric.confusion import Confusion
from nas_tc.metric.metric import Metric, parse_metric
from nas_tc.metric.multilabel import AnyConfusion, MultilabelConfusion, confusion_from_dict

__all__ = [
    "AnyConfusion",
    "Confusion",
    "Metric",
    "MultilabelConfusion",
    "confusion_from_dict",
    "parse_metric",
]
