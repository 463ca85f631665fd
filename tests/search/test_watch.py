"""What listeners are told of the networks that workers have."""

import pytest

from nas_tc.recipe import Recipe
from nas_tc.search.events import Progress
from nas_tc.search.watch import Watch
from nas_tc.training import Rung


@pytest.fixture
def watch(study):
    return Watch(study, Recipe(epochs=4), images=1000, workers=2, clock=lambda: 0.0)


def told(watch):
    progress = Progress(1, 40, 2, 0, 0, None, None)
    return watch.complete(progress, to_begin=38, baselines=0, stop=None)


def test_curves_grow_and_go_with_their_network(study, watch):
    network = study.trials[0].architecture
    watch.began(7, network, None, is_timed=True)
    assert told(watch).trials[0].is_timed
    watch.began(7, network, None)
    watch.began(8, network, "vgg")
    watch.rung(7, Rung(1, 0.5, 2.0, 10.0))
    watch.rung(7, Rung(2, 0.25, 1.0, 20.0))
    watch.rung(8, Rung(4, 0.125, 1.0, 60.0), earlier=(Rung(1, 0.75, 2.0, 15.0),))
    one, other = told(watch).trials
    assert (one.number, one.is_timed, one.val_errors) == (7, False, {1: 0.5, 2: 0.25})
    assert (other.baseline, other.val_errors) == ("vgg", {1: 0.75, 4: 0.125})
    watch.ended(7)
    watch.ended(9)  # one that no worker had
    assert told(watch).trials == (other,)
    assert told(watch).epochs == 4


def test_the_speed_is_that_of_all_workers_that_train(study, watch):
    network = study.trials[0].architecture
    assert watch.images_per_s is None
    watch.began(0, network, None)
    watch.began(1, network, None)
    watch.rung(0, Rung(1, 0.5, 2.0, 10.0))
    watch.rung(1, Rung(1, 0.5, 2.0, 30.0))
    assert watch.images_per_s == pytest.approx(2 * 1000 * 2 / 40)
    watch.began(1, network, None, is_timed=True)
    assert watch.images_per_s == pytest.approx(1000 * 2 / 40)
