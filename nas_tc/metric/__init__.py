"""How good are predictions? Confusion matrices and what is read from them; no torch."""

from nas_tc.metric.confusion import Confusion
from nas_tc.metric.metric import Metric, parse_metric

__all__ = ["Confusion", "Metric", "parse_metric"]
