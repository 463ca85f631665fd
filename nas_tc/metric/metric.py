"""What networks are judged by: a number from a confusion matrix, 0 to 1, less is better."""

from enum import StrEnum

import numpy as np

from nas_tc.errors import NasTcError, unknown
from nas_tc.metric.confusion import Confusion

_TOP = 5


class Metric(StrEnum):
    """A metric by its name; each is an error, 0 for perfect predictions.

    `ERROR` is the share of the images that are misclassified, 1 - accuracy. `BALANCED_ERROR` is the
    mean of the classes' errors, 1 - balanced accuracy; each class that has images counts alike.
    `MACRO_F1_ERROR` is 1 - the mean of the classes' F1 scores; classes that neither occur nor are
    predicted do not count. `WORST_CLASS_ERROR` is the greatest of the classes' errors. `TOP5_ERROR`
    is the share of the images whose class is not among the five with the highest scores.
    """

    ERROR = "error"
    BALANCED_ERROR = "balanced_error"
    MACRO_F1_ERROR = "macro_f1_error"
    WORST_CLASS_ERROR = "worst_class_error"
    TOP5_ERROR = "top5_error"

    @property
    def words(self) -> str:
        """The metric's name in a sentence, such as "balanced error"."""
        return _WORDS.get(self, self.value.replace("_", " "))

    def of(self, confusion: Confusion) -> float:
        """The value for these predictions, 0 to 1.

        Args:
            confusion: Confusion matrix of the predictions, of one image or more.
        """
        match self:
            case Metric.ERROR:
                return confusion.error
            case Metric.BALANCED_ERROR:
                return float(np.nanmean(confusion.class_errors))
            case Metric.MACRO_F1_ERROR:
                return 1 - float(np.nanmean(confusion.f1_scores))
            case Metric.WORST_CLASS_ERROR:
                return float(np.nanmax(confusion.class_errors))
            case Metric.TOP5_ERROR:
                return confusion.top5_error

    def check_classes(self, classes: int) -> None:
        """Refuses a metric that says nothing about so few classes.

        Args:
            classes: Number of classes.

        Raises:
            NasTcError: The metric is the error among five classes, and there are no more.
        """
        if self is Metric.TOP5_ERROR and classes <= _TOP:
            raise NasTcError(
                f"the metric top5_error needs more than {_TOP} classes, not {classes}; use "
                "error or balanced_error"
            )


_WORDS = {
    Metric.MACRO_F1_ERROR: "macro F1 error",
    Metric.WORST_CLASS_ERROR: "worst class's error",
    Metric.TOP5_ERROR: "top-5 error",
}
# Names of scikit-learn and of everyday use. The score that they name is 1 - the metric.
_SCORES = {
    "accuracy": Metric.ERROR,
    "top1_error": Metric.ERROR,
    "balanced_accuracy": Metric.BALANCED_ERROR,
    "f1_macro": Metric.MACRO_F1_ERROR,
    "macro_f1": Metric.MACRO_F1_ERROR,
    "top_k_accuracy": Metric.TOP5_ERROR,
    "top_5_accuracy": Metric.TOP5_ERROR,
    "top5_accuracy": Metric.TOP5_ERROR,
}


def parse_metric(text: str) -> Metric:
    """The metric of a name; a score's name, such as "balanced_accuracy", stands for 1 - the score.

    Args:
        text: Name of a metric, or one of scikit-learn's names.

    Raises:
        UnknownNameError: There is no such metric. The message suggests the nearest one.
    """
    name = text.strip().lower().replace("-", "_")
    if name in _SCORES:
        return _SCORES[name]
    if name not in set(Metric):
        raise unknown("metric", text, [*(each.value for each in Metric), *_SCORES])
    return Metric(name)
