"""Comparison of the settings of two runs: are they the same search?"""

import json
from typing import Any

from nas_tc.recipe import Recipe


def difference(kept: dict[str, Any], now: dict[str, Any]) -> str | None:
    """The difference that makes two settings another search, in words; None if there is none.

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
    there, here = (each.get("experience") or "none" for each in (kept, now))
    if there != here:
        return f"experience: {there} against {here}"
    return None


def training_difference(kept: dict[str, Any], now: dict[str, Any]) -> str | None:
    """The difference that makes errors of two searches incomparable; None if there is none.

    Images, recipe and metric decide what a network's error is; budget, space and seed decide which
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
    metrics = [each.get("metric", "error") for each in (kept, now)]
    return None if metrics[0] == metrics[1] else "metric: " + " against ".join(metrics)


def _bounds(budget: dict[str, Any]) -> list[tuple[Any, ...]]:
    """The numbers of a budget in a fixed order, equal for two ways to write the same limits.

    The first version kept the complexity alone.
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
