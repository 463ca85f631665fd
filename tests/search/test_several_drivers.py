"""Several searches that write one study on a server at once; workers that train nothing."""

import threading

import pytest
from simulated_results import EPOCHS, error_of, weights_of
from simulated_search import settings_of

from nas_tc.metric import Metric
from nas_tc.search import NullListener
from nas_tc.search.driver import Driver
from nas_tc.search.session import Session
from nas_tc.study import read_study, weights_file
from nas_tc.study.storage import open_study
from nas_tc.study.study_url import study_path
from nas_tc.training import Rung
from nas_tc.worker import TrainingResult

GOAL = 10


class Workers:
    """Two workers that answer at once, one rung a training."""

    metric = Metric.ERROR
    size = 2

    def __init__(self):
        self.idle, self._asked, self.begun = 2, [], []

    @property
    def busy(self):
        return 2 - self.idle

    def begin(self, key, architecture, seed, *_):
        self.idle -= 1
        self._asked.append((key, architecture, seed))
        self.begun.append(key)

    def release(self, key):
        self.idle += 1

    def next_result(self, timeout_s):
        key, network, seed = self._asked.pop(0)
        rung = Rung(EPOCHS, error_of(network, seed, EPOCHS), 1.0, 0.1, 1.0)
        return key, TrainingResult(rung, weights_of(network))


class NoStop:
    def check(self):
        pass


@pytest.mark.parametrize("weights", ["folder", "memory://nas-tc-test"])
def test_two_searches_share_a_study_and_its_budget_of_trials(database, tmp_path, weights):
    if "memory" in weights:
        pytest.importorskip("upath")
    place = str(tmp_path / weights) if weights == "folder" else weights
    settings = settings_of(3)
    pools, errors = [Workers(), Workers()], []
    ready = threading.Barrier(2)

    def search(pool):
        try:
            url = study_path(f"{database}#shared")
            url.weights = place
            with open_study(url, settings.to_dict()) as study:
                session = Session(study, url, pool, NullListener(), NoStop())
                driver = Driver(session, settings, GOAL)
                ready.wait(60)
                driver.run()
                assert driver._tally.done <= GOAL
        except BaseException as error:
            errors.append(error)
            raise

    threads = [threading.Thread(target=search, args=(pool,)) for pool in pools]
    for each in threads:
        each.start()
    for each in threads:
        each.join(120)
    assert not errors
    record = read_study(study_path(f"{database}#shared"))
    assert record.done == GOAL
    assert len({trial.architecture for trial in record.trials}) == GOAL  # none was asked for twice
    begun = [set(pool.begun) for pool in pools]
    assert begun[0] | begun[1] == set(range(GOAL))
    assert not begun[0] & begun[1]
    assert all(begun)
    for trial in record.front:
        assert weights_file(record.path, trial.number).read_bytes() == weights_of(
            trial.architecture
        )
