"""What networks are judged by: a number from their predictions, 0 to 1, less is better."""

from enum import StrEnum

import numpy as np

from nas_tc.errors import NasTcError, unknown
from nas_tc.metric.confusion import Confusion
from nas_tc.metric.multilabel import AnyConfusion, MultilabelConfusion

_TOP = 5


class Metric(StrEnum):
    """A metric by its name; each is an error, 0 for perfect predictions.

    `ERROR` is the share of the images that are misclassified, 1 - accuracy. `BALANCED_ERROR` is the
    mean of the classes' errors, 1 - balanced accuracy; each class that has images counts alike.
    `MACRO_F1_ERROR` is 1 - the mean of the classes' F1 scores; classes that neither occur nor are
    predicted do not count. `WORST_CLASS_ERROR` is the greatest of the classes' errors. `TOP5_ERROR`
    is the share of the images whose class is not among the five with the highest scores.

    Where images have several labels: `MAP_ERROR` is 1 - the mean of the classes' average
    precisions; `SUBSET_ERROR` is the share of the images of which any label is wrong;
    `HAMMING_ERROR` is the share of all labels, given or not, that are wrong; and `MACRO_F1_ERROR`
    as above. Classes without images do not count. All but the first predict a label above a
    probability of one half.
    """

    ERROR = "error"
    BALANCED_ERROR = "balanced_error"
    MACRO_F1_ERROR = "macro_f1_error"
    WORST_CLASS_ERROR = "worst_class_error"
    TOP5_ERROR = "top5_error"
    MAP_ERROR = "map_error"
    SUBSET_ERROR = "subset_error"
    HAMMING_ERROR = "hamming_error"

    @property
    def words(self) -> str:
        """The metric's name in a sentence, such as "balanced error"."""
        return _WORDS.get(self, self.value.replace("_", " "))

    @property
    def is_counted(self) -> bool:
        """Whether it is a share of images, whose chance error is that of a count."""
        return self in (Metric.ERROR, Metric.SUBSET_ERROR)

    @staticmethod
    def usual(*, multilabel: bool) -> "Metric":
        """What networks are judged by if nobody says otherwise.

        Args:
            multilabel: Whether images have several labels.
        """
        return Metric.MAP_ERROR if multilabel else Metric.ERROR

    def of(self, confusion: AnyConfusion) -> float:
        """The value for these predictions, 0 to 1.

        Args:
            confusion: Predictions on one image or more, of a kind that `check` lets pass.
        """
        if self is Metric.MACRO_F1_ERROR:
            return 1 - float(np.nanmean(confusion.f1_scores))
        if isinstance(confusion, MultilabelConfusion):
            return self._of_several(confusion)
        return self._of_one(confusion)

    def _of_one(self, confusion: Confusion) -> float:
        """The value where each image has one label."""
        match self:
            case Metric.BALANCED_ERROR:
                return float(np.nanmean(confusion.class_errors))
            case Metric.WORST_CLASS_ERROR:
                return float(np.nanmax(confusion.class_errors))
            case Metric.TOP5_ERROR:
                return confusion.top5_error
        assert self is Metric.ERROR
        return confusion.error

    def _of_several(self, confusion: MultilabelConfusion) -> float:
        """The value where images have several labels."""
        match self:
            case Metric.SUBSET_ERROR:
                return confusion.error
            case Metric.HAMMING_ERROR:
                return confusion.hamming_error
        assert self is Metric.MAP_ERROR
        return 1 - float(np.nanmean(confusion.average_precision_of))

    def check(self, classes: int, *, multilabel: bool = False) -> None:
        """Refuses a metric that says nothing about these labels.

        Args:
            classes: Number of classes.
            multilabel: Whether images have several labels.

        Raises:
            NasTcError: The metric is for another kind of labels, or the error among five classes,
                and there are no more.
        """
        if self not in (_OF_SEVERAL if multilabel else _OF_ONE):
            whose = "several labels" if multilabel else "one label each"
            ways = ", ".join(_OF_SEVERAL) if multilabel else "error or balanced_error"
            raise NasTcError(f"the metric {self.value} is not for images with {whose}; use {ways}")
        if self is Metric.TOP5_ERROR and classes <= _TOP:
            raise NasTcError(
                f"the metric top5_error needs more than {_TOP} classes, not {classes}; use "
                "error or balanced_error"
            )


_OF_SEVERAL = (
    Metric.MAP_ERROR,
    Metric.SUBSET_ERROR,
    Metric.HAMMING_ERROR,
    Metric.MACRO_F1_ERROR,
)
_OF_ONE = tuple(each for each in Metric if each not in _OF_SEVERAL[:3])
_WORDS = {
    Metric.MACRO_F1_ERROR: "macro F1 error",
    Metric.WORST_CLASS_ERROR: "worst class's error",
    Metric.TOP5_ERROR: "top-5 error",
    Metric.MAP_ERROR: "mAP error",
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
    "average_precision": Metric.MAP_ERROR,
    "mean_average_precision": Metric.MAP_ERROR,
    "map": Metric.MAP_ERROR,
    "subset_accuracy": Metric.SUBSET_ERROR,
    "hamming_loss": Metric.HAMMING_ERROR,
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
