"""The report's page of a large study: its size and the seconds that it takes.

The trials are networks of `plain-32` within `alexnet*0.6`, with errors by a formula: 400 trained to
the end with times and confusion matrices on the front, 75 pruned, 25 over the budget.
"""

import argparse
import json
import time
from dataclasses import replace
from math import log2
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from nas_tc.budget import parse_budget, resolve_budget
from nas_tc.cost import network_cost
from nas_tc.data import load_data
from nas_tc.metric import Confusion
from nas_tc.recipe import Recipe
from nas_tc.report import page_html, write_report
from nas_tc.search.settings import Settings
from nas_tc.space import Feasible, load_space
from nas_tc.study import StudyRecord, TrialRecord


def main():
    """One line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=500)
    parser.add_argument("--out", type=Path, help="folder for the whole report")
    options = parser.parse_args()
    record = study(options.trials)
    page_html(study(20))  # loads libraries
    began, worked = time.perf_counter(), time.process_time()
    page = page_html(record)
    seconds, processor = time.perf_counter() - began, time.process_time() - worked
    with TemporaryDirectory() as folder:
        began = time.perf_counter()
        write_report(record, options.out or Path(folder))
        whole = time.perf_counter() - began
    print(
        json.dumps(
            {
                "trials": len(record.trials), "front": len(record.front),
                "page_bytes": len(page.encode()), "page_s": round(seconds, 2),
                "page_processor_s": round(processor, 2), "whole_report_s": round(whole, 2),
            }
        )
    )  # fmt: skip


def study(count):
    """A study of `count` trials."""
    data = load_data("digits")
    space = load_space("plain-32").at(data.shape, 10)
    limit = resolve_budget(parse_budget("alexnet*0.6"), data.shape)
    random = np.random.default_rng(0)
    feasible = Feasible(space, limit.complexity // 200, limit.complexity)
    genes = feasible.values(feasible.draw(count, random))
    trials = tuple(trial(number, space, each, random) for number, each in enumerate(genes))
    settings = Settings(space, limit, data, Recipe(epochs=12), seed=0).to_dict()
    record = StudyRecord(Path("large.db"), settings, trials)
    labels = np.arange(2000) % 10
    confusions = {}
    for member in record.front:
        predicted = np.where(random.random(2000) < 0.3, random.integers(10, size=2000), labels)
        confusions[member.number] = Confusion.of(labels, predicted, 10)
    tested = tuple(
        replace(each, confusion=confusions[each.number], test_error=each.val_error)
        if each.number in confusions
        else each
        for each in trials
    )
    return replace(record, trials=tested)


def trial(number, space, genes, random):
    """A trial with a learning curve and a time."""
    architecture = space.decode(genes)
    cost = network_cost(architecture)
    error = 0.6 - 0.03 * log2(cost.complexity / 1e4) + float(random.normal(0, 0.02))
    ms = 0.2 + cost.complexity / 2e7 * float(random.uniform(0.8, 1.2))
    state = {0: "rejected", 1: "pruned", 2: "pruned", 3: "pruned"}.get(number % 20, "complete")
    curve = {1: 0.8, 4: error + 0.1, 12: error}
    errors = {"rejected": {}, "pruned": {1: 0.8}, "complete": curve}[state]
    return TrialRecord(
        number=number, state=state, architecture=architecture, complexity=cost.complexity,
        params=cost.params, genes=space.encode(architecture), val_errors=errors, test_error=None,
        train_s=20.0, reason="latency 1.9 ms is over 1.5 ms" if state == "rejected" else None,
        times={"latency": {"ms": ms, "low_ms": 0.98 * ms, "high_ms": 1.03 * ms,
                           "predicted_ms": 1.1 * ms, "verdict": "accept", "repeats": 174}},
        train_losses={epoch: 2 * value for epoch, value in errors.items()},
    )  # fmt: skip


if __name__ == "__main__":
    main()
