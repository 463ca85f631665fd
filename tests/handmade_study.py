"""A study file that is written by hand, without any training."""

import sqlite3
from contextlib import closing
from dataclasses import replace

import torch
from optuna.distributions import CategoricalDistribution
from optuna.trial import TrialState
from safetensors.torch import save_file

from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.budget import parse_budget, resolve_budget
from nas_tc.cost import network_cost
from nas_tc.data import load_data
from nas_tc.module import build
from nas_tc.recipe import Recipe
from nas_tc.search.settings import Settings
from nas_tc.space import load_space
from nas_tc.study import read_study, weights_file
from nas_tc.study.storage import open_study

# notation, validation errors by epoch, state
TRIALS = (
    ("(3,8)/2 | 2/2 | (3,16)/2", {1: 0.5, 2: 0.2}, TrialState.COMPLETE),
    ("(3,16)/2 | 2/2 | (3,32)/2", {1: 0.4, 2: 0.1}, TrialState.COMPLETE),
    ("(5,16)/2 | 2/2 | (5,32)/2", {1: 0.4, 2: 0.15}, TrialState.COMPLETE),
    ("(3,16)x2 | 2/2 | (3,32)/2", {1: 0.8}, TrialState.PRUNED),
    ("(3,24)x2 | 2/2 | (3,32)/2", {}, TrialState.FAIL),
)


def settings_of(**changed):
    """The settings of the study."""
    data = load_data("digits")
    space = load_space("plain-32").at(data.shape, 10)
    limit = resolve_budget(parse_budget("alexnet*0.6"), data.shape)
    return replace(Settings(space, limit, data, Recipe(epochs=2), seed=0), **changed)


def make_study(path, **changed):
    """Two networks on the front, one beside it, one pruned and one that failed."""
    settings = settings_of(**changed)
    data = settings.data
    with open_study(path, settings.to_dict()) as opened:
        for letter, (notation, errors, state) in zip("abcde", TRIALS, strict=True):
            architecture = Architecture(data.shape, parse_notation(notation), GAP, 10)
            opened.enqueue_trial({"g": letter})
            trial = opened.ask({"g": CategoricalDistribution(list("abcde"))})
            trial.set_user_attr("architecture", architecture.to_dict())
            trial.set_user_attr("complexity", network_cost(architecture).complexity)
            trial.set_user_attr("params", network_cost(architecture).params)
            for epoch, error in errors.items():
                trial.report(error, epoch)
            if state == TrialState.FAIL:
                trial.set_user_attr("reason", "the worker died")
            value = errors[2] if state == TrialState.COMPLETE else None
            opened.tell(trial, value, state=state)
        opened.set_user_attr("test_errors", {"0": 0.25, "1": 0.125})
    record = read_study(path)
    for trial in record.front:
        file = weights_file(path, trial.number)
        file.parent.mkdir(parents=True, exist_ok=True)
        network = build(trial.architecture, seed=trial.number, mean=[0.3], std=[0.35])
        random = torch.Generator().manual_seed(trial.number)
        with torch.no_grad():  # as if trained: no statistic is left at its start
            for buffer in network.buffers():
                if buffer.is_floating_point() and buffer.ndim == 1:
                    buffer.uniform_(0.5, 1.5, generator=random)
        save_file({k: v.contiguous() for k, v in network.state_dict().items()}, file)
    return record


def resize_trial(path, number, side):
    """Gives the network of a trial another image size, as if it had been trained so."""
    with closing(sqlite3.connect(path)) as file, file:
        (changed,) = (
            file.execute(
                "UPDATE trial_user_attributes SET value_json = replace(value_json, ?, ?) "
                "WHERE key = 'architecture' AND trial_id = ?",
                ("[1, 32, 32]", f"[1, {side}, {side}]", number + 1),
            ).rowcount,
        )
    assert changed == 1
