"""Trials of a space as a search would leave them, with errors by a formula and no training."""

from dataclasses import replace
from datetime import datetime, timedelta
from math import log2

import numpy as np

from nas_tc.cost import network_cost
from nas_tc.errors import ArchitectureError
from nas_tc.metric import Confusion
from nas_tc.report.study_space import space_of
from nas_tc.study import Rerun, TrialRecord

EVIL = "</script><img src=x onerror=alert(1)>"


def error_of(architecture, complexity):
    """More multiply-adds are better, a layer more in stage 2 by 2 points, a filter size is not."""
    depth = architecture.stages[1].depth if len(architecture.stages) > 1 else 0
    return 0.5 - 0.02 * log2(complexity / 1e5) - 0.02 * depth


def with_trials(record, count, error=error_of, noise=0.002):
    """The record with `count` trials: each seventh is pruned and each eleventh has failed.

    Every third is a neighbour of an earlier one, as in a search.
    """
    space, most = space_of(record.settings), record.settings["budget"]["complexity"]
    random = np.random.default_rng(7)
    genes = []
    while len(genes) < count:
        if len(genes) % 3 == 2:
            gene = space.genes[int(random.integers(len(space.genes)))]
            near = genes[int(random.integers(len(genes)))]
            drawn = {**near, gene.name: _choice(random, gene)}
        else:
            drawn = {gene.name: _choice(random, gene) for gene in space.genes}
        if _is_within(space, drawn, most // 20, most):
            genes.append(drawn)
    start = datetime(2026, 1, 1, 12)
    trials = []
    for number, values in enumerate(genes):
        architecture = space.decode(values)
        cost = network_cost(architecture)
        final = error(architecture, cost.complexity) + float(random.normal(0, noise))
        state = "pruned" if number % 7 == 6 else "failed" if number % 11 == 10 else "complete"
        errors = {"complete": {1: 0.8, 2: final}, "pruned": {1: 0.85}, "failed": {}}[state]
        begun = start + timedelta(seconds=30 * (number // 2) + 5 * (number % 2))
        trials.append(
            TrialRecord(
                number=number,
                state=state,
                architecture=architecture,
                complexity=cost.complexity,
                params=cost.params,
                genes=space.encode(architecture),
                val_errors=errors,
                test_error=None,
                train_s=20.0,
                reason="the worker died" if state == "failed" else None,
                started=begun,
                ended=begun + timedelta(seconds=24),
            )
        )
    return replace(record, trials=tuple(trials))


def _choice(random, gene):
    return gene.choices[int(random.integers(len(gene.choices)))]


def _is_within(space, genes, least, most):
    """Whether a network exists and its multiply-adds are within the range."""
    try:
        return least <= network_cost(space.decode(genes)).complexity <= most
    except ArchitectureError:
        return False


def hostile_study(study):
    """A study with tests, reruns and times, whose names try to be markup."""
    labels = np.arange(50) % 10
    confusion = Confusion.of(labels, np.minimum(labels, 8), 10)
    made = with_trials(study, 40)
    front = {trial.number for trial in made.front}
    reruns = (Rerun(1, 0.3, 0.31), Rerun(2, 0.34, 0.33))
    trials = tuple(
        replace(
            trial,
            test_error=0.2 if trial.number in front else None,
            confusion=confusion if trial.number in front else None,
            reruns=reruns if trial.number == made.front[0].number else (),
            times={"latency": {"ms": 1.5, "low_ms": 1.4, "high_ms": 1.7, "predicted_ms": 1.8}},
        )
        for trial in made.trials
    )
    data = {**study.settings["data"], "name": f"imagefolder:{EVIL}\udce9"}
    data["classes"] = [f"{EVIL}{number}" for number in range(10)]
    runs = ({"command": f"nas-tc search --data '{EVIL}'", "started": EVIL, "machine": {}},)
    settings = {**study.settings, "data": data}
    return replace(made, trials=trials, settings=settings, runs=runs)
