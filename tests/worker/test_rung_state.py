"""Trainings that another worker takes over after a rung: as if nothing had happened."""

from dataclasses import replace

import pytest
import torch

from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.data import load_data
from nas_tc.recipe import Recipe
from nas_tc.worker import Worker

NETWORK = Architecture((1, 8, 8), parse_notation("(3,4) | (3,8)/2"), GAP, 10)


@pytest.fixture(scope="module")
def data():
    return load_data("digits", side=(8, 8), train_images=300)


def climbed(worker, answer):
    """All answers of a training from its first on."""
    answers = [answer]
    while answers[-1].weights is None:
        answers.append(worker.advance())
    return answers


def errors(rungs):
    return [(rung.epoch, rung.val_error, rung.train_loss) for rung in rungs]


RECIPES = {
    "sgd": Recipe(epochs=4, augment=("crop", "flip")),
    "average": Recipe(epochs=4, ema=0.9, batches="balanced"),
    "muon": Recipe(epochs=4, optimizer="muon"),
}


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("rung", [0, 1])
def test_another_worker_goes_on_to_the_same_bits(data, one_thread, name, rung):
    network = (
        replace(NETWORK, head=replace(NETWORK.head, dropout=0.5)) if name == "sgd" else NETWORK
    )
    worker = Worker(data, RECIPES[name], "cpu")
    undisturbed = climbed(worker, worker.begin(network, 5))
    assert [answer.state is None for answer in undisturbed] == [False, False, True]
    torch.manual_seed(99)
    other = Worker(data, RECIPES[name], "cpu")
    other.begin(replace(NETWORK, classes=10), 6)  # it has trained before
    resumed = climbed(other, other.begin(network, 5, undisturbed[rung].state))
    assert resumed[-1].weights == undisturbed[-1].weights
    assert errors(resumed[0].earlier) == errors(a.rung for a in undisturbed[: rung + 1])
    assert errors(a.rung for a in resumed) == errors(a.rung for a in undisturbed[rung + 1 :])
    assert resumed[0].rung.train_s > undisturbed[rung].rung.train_s
    assert resumed[0].rung.validation_s > undisturbed[rung].rung.validation_s
    assert all(not answer.earlier for answer in resumed[1:])


@pytest.mark.parametrize(
    "state",
    [b"", b"noise", "of another network", "of another recipe", "of the last epoch"],
)
def test_what_cannot_be_used_is_said_and_the_training_begins(data, one_thread, state):
    worker = Worker(data, RECIPES["sgd"], "cpu")
    undisturbed = worker.begin(NETWORK, 5)
    if isinstance(state, str):
        other = NETWORK
        recipe = RECIPES["sgd"]
        if "network" in state:
            other = replace(NETWORK, stages=parse_notation("(3,4)"))
        elif "recipe" in state:
            recipe = RECIPES["muon"]
        else:
            recipe = replace(recipe, epochs=12)
        maker = Worker(data, recipe, "cpu")
        answer = maker.begin(other, 5)
        if "epoch" in state:
            answer = maker.advance()  # of epoch 4, which is the last
        state = answer.state
    found = worker.begin(NETWORK, 5, state)
    assert errors([found.rung]) == errors([undisturbed.rung])
    assert found.earlier == ()
    assert found.note.startswith("a checkpoint cannot be used (")
    assert found.note.endswith("): the training of (3,4) | (3,8)/2 begins anew")
    assert "\n" not in found.note
