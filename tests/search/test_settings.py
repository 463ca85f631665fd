"""What the settings of a search decide."""

import pytest

from nas_tc.budget import parse_budget, resolve_budget
from nas_tc.data import load_data
from nas_tc.metric import Metric
from nas_tc.recipe import Recipe
from nas_tc.search.settings import Settings
from nas_tc.space import load_space


@pytest.mark.parametrize(
    ("recipe", "metric", "reading"),
    [
        (Recipe(), Metric.ERROR, "train_losses"),
        (Recipe(), Metric.BALANCED_ERROR, "train_losses"),
        (Recipe(), Metric.MAP_ERROR, None),
        (Recipe(restarts=True), Metric.ERROR, None),
    ],
)
def test_networks_are_compared_at_rungs_by_what_tells_them_apart(recipe, metric, reading):
    data = load_data("digits", side=(8, 8))
    space = load_space("plain-32").at(data.shape, 10)
    limit = resolve_budget(parse_budget("1M"), data.shape)
    settings = Settings(space, limit, data, recipe, seed=0, metric=metric)
    assert settings.rung_reading == reading
