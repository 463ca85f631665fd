"""The settings of a search; its study stores them, and a resumed search must have the same."""

import json
from dataclasses import dataclass
from typing import Any

from nas_tc.budget import Limit
from nas_tc.data import ImageData, preparation
from nas_tc.metric import Metric
from nas_tc.recipe import Recipe
from nas_tc.space import Space
from nas_tc.study.attributes import TRAIN_LOSSES_KEY
from nas_tc.study.files import FORMAT
from nas_tc.timing import TimeLimit


@dataclass(frozen=True)
class Settings:
    """All settings that the networks of a study and their comparison depend on."""

    space: Space  # for the shape and classes of the data
    limit: Limit  # budget as numbers
    data: ImageData
    recipe: Recipe
    seed: int  # seed for proposals and training
    times: tuple[TimeLimit, ...] = ()  # limits on times
    time_table: str | None = (
        None  # device of the table that predicts times; None: they are measured
    )
    metric: Metric = Metric.ERROR  # what networks are judged by
    experience: str | None = None  # name of what earlier trainings say of networks; None: nothing

    @property
    def rung_reading(self) -> str | None:
        """Attribute of a trial by which networks are compared at rungs; None: the error.

        An error at a high learning rate says hardly anything, and the training loss more. Where the
        rate has fallen the error ranks better, and so does the mAP error after few epochs.
        """
        by_error = self.recipe.restarts or self.metric is Metric.MAP_ERROR
        return None if by_error else TRAIN_LOSSES_KEY

    def to_dict(self) -> dict[str, Any]:
        """The settings for a study file, as plain lists, numbers and strings."""
        reference = self.limit.reference_input
        values: dict[str, Any] = {
            "format": FORMAT,
            "space": {"name": self.space.name, **self.space.to_dict()},
            "budget": {
                "expression": str(self.limit.budget),
                "complexity": self.limit.complexity,
                "reference_input": None if reference is None else list(reference),
                "reference_complexity": self.limit.reference_complexity,
                "limits": [
                    {
                        "expression": cap.bound.text,
                        "measure": cap.bound.measure,
                        "batch": cap.bound.batch,
                        "least": cap.least,
                        "most": cap.most,
                    }
                    for cap in self.limit.caps
                ],
            },
            "data": {
                **self.data.facts(),
                "mean": list(self.data.moments[0]),
                "std": list(self.data.moments[1]),
                "preparation": preparation(self.data.name),
            },
            "recipe": self.recipe.to_dict(),
            "metric": self.metric.value,
            "seed": self.seed,
        }
        if self.experience is not None:
            values["experience"] = self.experience
        if self.metric != self.data.usual_metric:
            values["data"]["majority"] = self.data.majority(self.metric)
        if self.data.grey_range is not None:  # users of the networks must scale images alike
            values["data"]["grey_range"] = list(self.data.grey_range)
        if self.data.colour_range is not None:
            values["data"]["colour_range"] = list(self.data.colour_range)
        if self.times:
            values["budget"] |= {
                "times": [
                    {
                        "expression": each.text,
                        "name": each.name,
                        "least": each.least,
                        "most": each.most,
                        "reference": each.reference and each.reference.to_dict(),
                    }
                    for each in self.times
                ],
                "time_table": self.time_table,
            }
        kept: dict[str, Any] = json.loads(json.dumps(values))  # tuples come back as lists
        return kept
