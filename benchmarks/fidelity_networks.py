"""The networks that `benchmarks/fidelity.py` trains: of one cost, over a range, or known."""

import csv
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from nas_tc.architecture import GAP, Architecture, Plain, parse_notation
from nas_tc.budget import parse_budget, resolve_budget
from nas_tc.cost import complexity, network_cost
from nas_tc.families import find_family, fit_family
from nas_tc.space import Feasible, Space, load_space

LEAST, MOST = 0.87, 1.0  # of the limit
RANGE_M = (1.0, 32.0)  # multiply-adds, millions
BY_HAND = (
    "(3,24)/2+(3,24) | 2/2 | (3,48)x2 | 2/2 | (3,96)x2",
    "(3,12) | 2/2 | (3,32)x2 | 2/2 | (3,64)x3",
    "(3,16) | 2/2 | (3,32)x2 | 2/2 | (3,64)x2",
    "(3,16)/2+(3,16)x2 | 2/2 | (3,48)x3 | 2/2 | (3,64)x3+(3,96)",
    "(3,24)/2+(3,24) | (3,48)/2+(3,48) | (3,96)/2+(3,96)x2",
    "(5,24)/2 | 3/2 | (5,96)/2+(5,96) | (2,192)/2+(2,64)",
    "(5,24)/2 | 2/2 | (5,48)x2 | 2/2 | (3,96)x2",
    "(3,32)/2 | 2/2 | (3,64)x2 | 2/2 | (3,128)+(3,96)",
)


def of_one_cost(data: Any, number: int) -> list[Architecture]:
    """Networks of nearly equal complexity: by hand where they fit, the others drawn evenly."""
    space = load_space("plain-32").at(data.shape, len(data.classes))
    limit = resolve_budget(parse_budget("alexnet*0.6"), data.shape, len(data.classes)).complexity
    assert limit is not None
    least = int(LEAST * limit)
    feasible = Feasible(space, least, limit)
    any_network = space.decode({gene.name: gene.choices[0] for gene in space.genes})
    by_hand = (replace(any_network, stages=parse_notation(text)) for text in BY_HAND)
    found = [each for each in by_hand if least <= complexity(each) <= MOST * limit]
    _fill(found, number, space, feasible, np.random.default_rng(0))
    return found[:number]


def over_range(data: Any, number: int) -> list[Architecture]:
    """Networks from 1 to 32 M multiply-adds: one of four by hand (VGG-like and J'), others drawn.

    The range is cut into equal steps of the logarithm. Each gives one network by hand, cut to
    its upper end, and three that are drawn evenly within it.
    """
    space = load_space("plain-32").at(data.shape, len(data.classes))
    random = np.random.default_rng(1)
    bounds = np.geomspace(*RANGE_M, number // 4 + 1) * 1e6
    found: list[Architecture] = []
    for step, (least, most) in enumerate(pairwise(bounds)):
        family = find_family(("vgg", "he-sun")[step % 2])
        limit = resolve_budget(parse_budget(f"{int(most)}"), data.shape, len(data.classes))
        fitted = fit_family(family, limit.caps, data.shape, len(data.classes))
        found.append(fitted.architecture)
        feasible = Feasible(space, int(least), int(most))
        _fill(found, 4 * (step + 1), space, feasible, random)
    return found


def _fill(
    found: list[Architecture],
    number: int,
    space: Space,
    feasible: Feasible,
    random: np.random.Generator,
) -> None:
    """Draws evenly until there are so many networks, each once."""
    while len(found) < number:
        (values,) = feasible.values(feasible.draw(1, random))
        network = space.decode(values)
        if network not in found:
            found.append(network)


def from_rows(data: Any, rows: list[dict[str, Any]]) -> list[Architecture]:
    """The networks that rows of `curves.jsonl` tell of, each once."""
    names = dict.fromkeys(row["network"] for row in rows)
    stages = [parse_notation(name) for name in names]
    return [Architecture(data.shape, each, GAP, len(data.classes), norm="batch") for each in stages]


def of_experiments(
    folders: list[Path], data: Any, is_wanted: Callable[[Architecture], bool]
) -> tuple[list[Architecture], list[dict[str, Any]]]:
    """Networks of finished experiments, each once; their trainings as rows of `curves.jsonl`."""
    found: dict[str, Architecture] = {}
    rows: dict[tuple[str, int], dict[str, Any]] = {}
    for folder in folders:
        notation = {}
        for each in csv.DictReader((folder / "networks.csv").open(encoding="utf-8")):
            stages = parse_notation(each["notation"])
            norm: Any = each["norm"]
            network = Architecture(data.shape, stages, GAP, len(data.classes), norm=norm)
            if complexity(network) != int(each["complexity"]) or each.get("head", "gap") != "gap":
                continue  # of other images, or with a hidden layer, which the notation does not say
            if not is_wanted(network):
                continue
            notation[each["network"]] = each["notation"]
            found.setdefault(each["notation"], network)
        for each in csv.DictReader((folder / "trainings.csv").open(encoding="utf-8")):
            if each["failure"] or each["network"] not in notation:
                continue
            name, seed = notation[each["network"]], int(each["seed"])
            network = found[name]
            rows[name, seed] = {
                "variant": "full-muon",
                "seed": seed,
                "network": name,
                "complexity": complexity(network),
                "params": network_cost(network).params,
                "depth": network.depth,
                "losses": [],
                "cpu_s": [],
                "errors": {"16": float(each["val_error"])},
                "averaged": {},
                "test_error": float(each["test_error"]),
            }
    return list(found.values()), list(rows.values())


def is_plain(stages: Any) -> bool:
    """Whether they have plain convolutions alone, whose weights another network can take over."""
    return all(stage.block == Plain() for stage in stages)
