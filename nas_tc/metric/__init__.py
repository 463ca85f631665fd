"""How good are predictions? Confusion matrices and what is read from them; no torch."""

from nas_tc.metric.confusion import Confusion

__all__ = ["Confusion"]
