"""What earlier trainings say of a network before it is trained."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

from nas_tc.architecture import Architecture, head_named, parse_notation
from nas_tc.errors import NasTcError, UnknownNameError
from nas_tc.experience import NUMBERS, Experience, load_experience, numbers_of

RESULTS = Path(__file__).parents[2] / "results/experience"
MANY = 400


def made_up(seed=0):
    """Networks' numbers, and errors that depend on them by a quadratic rule."""
    random = np.random.default_rng(seed)
    numbers = random.normal(size=(MANY, len(NUMBERS)))
    logarithms = 0.1 * numbers[:, 0] - 0.05 * numbers[:, 3] * numbers[:, 4]
    return numbers, np.exp(logarithms - 1)


def test_a_quadratic_rule_is_learnt():
    numbers, errors = made_up()
    experience = Experience.learnt(numbers, errors, ["one"] * MANY, ridge=1.0)
    unseen, truth = made_up(seed=1)
    assert spearmanr(experience.expected(unseen), truth)[0] > 0.95


def test_each_task_has_a_level_of_its_own():
    numbers, errors = made_up()
    tasks = ["one"] * 200 + ["other"] * 200
    factors = np.repeat([1.0, 1.7], 200)
    experience = Experience.learnt(numbers, errors, tasks, ridge=1.0)
    other = Experience.learnt(numbers, errors * factors, tasks, ridge=1.0)
    assert other.expected(numbers) == pytest.approx(experience.expected(numbers))


def test_nothing_is_known_far_from_what_was_trained():
    numbers, errors = made_up()
    experience = Experience.learnt(numbers, errors, ["one"] * MANY, ridge=1.0)
    far, farther = np.full((1, len(NUMBERS)), 20.0), np.full((1, len(NUMBERS)), 1e6)
    assert experience.expected(far) == pytest.approx(experience.expected(farther))


def test_a_number_that_never_changes_does_no_harm():
    numbers, errors = made_up()
    numbers[:, 5] = 3.0
    experience = Experience.learnt(numbers, errors, ["one"] * MANY, ridge=1.0)
    assert np.isfinite(experience.expected(numbers)).all()


def test_an_experience_survives_a_file():
    numbers, errors = made_up()
    experience = Experience.learnt(numbers, errors, ["one"] * MANY, ridge=1.0)
    again = Experience.from_dict(json.loads(json.dumps(experience.to_dict())))
    assert again.expected(numbers) == pytest.approx(experience.expected(numbers), abs=1e-3)


def test_an_experience_of_before_still_ranks():
    """A study keeps the experience that it began with, which knew fewer numbers."""
    before = load_experience("plain-1")
    assert before.numbers == NUMBERS[:18]
    assert Experience.from_dict(before.to_dict()).expected(made_up()[0]).shape == (MANY,)


def test_an_experience_of_other_numbers_is_refused():
    values = load_experience("plain-2").to_dict() | {"numbers": ["depth"]}
    with pytest.raises(NasTcError, match="other numbers"):
        Experience.from_dict(values)


def test_an_unknown_experience_is_refused():
    with pytest.raises(UnknownNameError, match="plain-1"):
        load_experience("plain-0")


@pytest.mark.parametrize(
    ("name", "file"),
    [("plain-2", "trainings.csv"), ("blocks-1", "trainings.csv"), ("blocks-1", "blocks.csv")],
)
def test_what_is_shipped_ranks_what_it_was_learnt_from(name, file):
    with (RESULTS / file).open(newline="", encoding="utf-8") as rows_file:
        rows = [row for row in csv.DictReader(rows_file) if row["images"] == "cifar10"]
    expected = load_experience(name).expected(np.array([numbers_of_row(row) for row in rows]))
    errors = np.array([float(row["error"]) for row in rows])
    names = np.array([row["search"] for row in rows])
    ranks = [
        spearmanr(expected[names == name], errors[names == name])[0]
        for name in sorted(set(names.tolist()))
    ]
    assert min(ranks) > 0.6


def numbers_of_row(row):
    side = int(row["side"])
    stages, head = parse_notation(row["network"]), head_named(row.get("head", "gap"))
    return numbers_of(Architecture((3, side, side), stages, head, 10, norm="batch"), largest=32)
