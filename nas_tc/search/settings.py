"""What makes two runs the same search: the settings that a study keeps and compares."""

import json
from dataclasses import dataclass
from typing import Any

from nas_tc.budget import Limit
from nas_tc.data import ImageData
from nas_tc.space import Space
from nas_tc.timing import TimeLimit
from nas_tc.training import Recipe

FORMAT = 1  # of the study file; goes up when an older nas-tc could not read it


@dataclass(frozen=True)
class Settings:
    """Everything that decides which networks a study holds and how they are compared."""

    space: Space  # at the data's shape and classes
    limit: Limit
    data: ImageData
    recipe: Recipe
    seed: int
    times: tuple[TimeLimit, ...] = ()
    time_table: str | None = None  # the device whose table foretells times; None: they are measured

    def to_dict(self) -> dict[str, Any]:
        """As a study file keeps it: plain lists, numbers and strings."""
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
                "name": self.data.name,
                "checksum": self.data.checksum,
                "train_images": len(self.data.train),
                "validation_images": len(self.data.validation),
                "test_images": len(self.data.test),
                "shape": list(self.data.shape),
                "classes": list(self.data.classes),
                "mean": list(self.data.moments[0]),
                "std": list(self.data.moments[1]),
            },
            "recipe": self.recipe.to_dict(),
            "seed": self.seed,
        }
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


def difference(kept: dict[str, Any], now: dict[str, Any]) -> str | None:
    """What makes two settings another search, in words; None if they are the same.

    Names do not count: a space or a folder may be renamed, a budget may be written in another way.
    """
    if changed := training_difference(kept, now):
        return changed
    if _bounds(kept["budget"]) != _bounds(now["budget"]):
        return "budget: " + " against ".join(map(_described, (kept["budget"], now["budget"])))
    if _nameless(kept["space"]) != _nameless(now["space"]):
        there, here = kept["space"]["name"], now["space"]["name"]
        return f"space: {there} against {here}" if there != here else f"space: {here} has changed"
    if kept["seed"] != now["seed"]:
        return f"seed: {kept['seed']} against {now['seed']}"
    return None


def training_difference(kept: dict[str, Any], now: dict[str, Any]) -> str | None:
    """What keeps the errors of two searches from being compared; None if they can be.

    Images and recipe decide what a network's error is; budget, space and seed decide which
    networks there are.
    """
    if kept["data"]["checksum"] != now["data"]["checksum"]:
        return "data: " + " against ".join(
            f"{each['name']} ({each['train_images']:,} training images, {each['checksum']})"
            for each in (kept["data"], now["data"])
        )
    before = json.loads(json.dumps(Recipe.from_dict(kept["recipe"]).to_dict()))
    for field, value in now["recipe"].items():
        if before[field] != value:
            return f"recipe: {field} {before[field]} against {value}"
    return None


def _bounds(budget: dict[str, Any]) -> list[tuple[Any, ...]]:
    """The numbers of a budget in an order of their own; a first version kept the complexity alone.

    Two ways to write the same limits are the same budget.
    """
    if "limits" not in budget:
        return [("complexity", 1, 0, budget["complexity"])]
    times = [
        (each["name"], str(each["reference"]), each["least"], each["most"])
        for each in budget.get("times", ())
    ]
    table = [("time_table", budget["time_table"])] if budget.get("time_table") else []
    return [
        *sorted(
            (each["measure"], each["batch"], each["least"], each["most"])
            for each in budget["limits"]
        ),
        *sorted(times),
        *table,
    ]


def _described(budget: dict[str, Any]) -> str:
    if budget["complexity"] is None:
        return str(budget["expression"])
    return f"{budget['expression']} ({budget['complexity']:,} multiply-adds)"


def _nameless(space: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in space.items() if key != "name"}
