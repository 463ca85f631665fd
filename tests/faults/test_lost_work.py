"""What a fault costs: a rung of a training, and nothing that is finished."""

import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

import nas_tc
from nas_tc.search.as_searched import train_as_searched
from nas_tc.study import read_study
from nas_tc.study.images import images_of
from recording_listener import RecordingListener

sys.path.insert(0, str(Path(__file__).parent))
from real_search import RealSearch

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc"),
]


def errors_of(record, trial):
    """The errors of a trial's rungs, trained anew without a fault."""
    rungs = train_as_searched(record, trial, images_of(record, None), "cpu")
    return {rung.epoch: rung.val_error for rung in rungs}


def add_node(cluster, tries=4):
    """A node with one place; Ray gives up a node that takes too long to start on a busy machine."""
    before = set(cluster.worker_nodes)
    for _ in range(tries - 1):
        with suppress(Exception):
            return cluster.add_node(num_cpus=1)
        for node in set(cluster.worker_nodes) - before:
            cluster.remove_node(node, allow_graceful=False)
    return cluster.add_node(num_cpus=1)


def test_a_search_that_was_killed_goes_on_from_the_last_rung(tmp_path):
    options = ("--trials", 1, "--epochs", 4, "--train-images", 300)
    killed = RealSearch(tmp_path, *options)
    end = time.monotonic() + 500
    while not list((tmp_path / "study" / "rungs").glob("*.rung")):
        assert killed.process.poll() is None, killed.errors
        assert time.monotonic() < end
        time.sleep(0.02)
    killed.kill()
    code, out, errors, _ = RealSearch(tmp_path, *options).end(within_s=500)
    assert (code, errors) == (0, "")
    assert "goes on after epoch" in out
    record = read_study(tmp_path / "study.db")
    lost, trial = record.trials
    assert (lost.state, trial.state) == ("failed", "complete")
    assert trial.val_errors == errors_of(record, trial)
    assert not (tmp_path / "study" / "rungs").exists()


def test_a_node_that_is_lost_costs_a_rung_and_another_one_joins(tmp_path, tiny, monkeypatch):
    """The head has no place for a worker, so the only worker is on the node that is lost."""
    import ray
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    cluster = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False}
    )
    try:
        nodes = [add_node(cluster)]

        def replace_node(ended):
            if ended == 2:
                cluster.remove_node(nodes.pop(), allow_graceful=False)
                nodes.append(add_node(cluster))

        record = nas_tc.search(
            "400k",
            space=tiny,
            study=tmp_path / "study.db",
            trials=5,
            epochs=4,
            workers=1,
            baselines="none",
            ray_address=cluster.address,
            listener=RecordingListener(at_end=replace_node),
        )
        assert record.done == 5
        lost = [trial for trial in record.trials if trial.state == "failed"]
        assert len(lost) == 1
        assert "the worker died" in lost[0].reason
        again = [t for t in record.trials if t.network == lost[0].network and t is not lost[0]]
        assert [trial.val_errors for trial in again] == [errors_of(record, again[0])]
    finally:
        ray.shutdown()
        cluster.shutdown()
