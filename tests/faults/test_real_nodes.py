"""A study whose workers are on other machines, which are lost, cut off and joined."""

import os
import secrets
import signal
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from real_nodes import Machines
from real_search import COMMAND, lines_of_ours

from nas_tc.search.as_searched import train_as_searched
from nas_tc.study import read_study, weights_file
from nas_tc.study.images import images_of
from tiny_search import TINY

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(sys.platform != "linux", reason="other systems have no namespaces"),
]

TRIALS = 5


@pytest.fixture
def machines(tmp_path, monkeypatch):
    """A head without a place for workers, and two nodes with one each."""
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    monkeypatch.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))
    monkeypatch.setenv("RAY_agent_register_timeout_ms", "300000")  # on a busy machine
    with tempfile.TemporaryDirectory(dir="/tmp") as ray_folder:
        made = Machines([tmp_path], ray_folder)
        try:
            made.start_head()
            for _ in range(2):
                made.add_node()
            yield made
        finally:
            made.close()


def stop_in_mid_training(running, folder, workers):
    """Stops workers while each has a checkpoint and trains on."""
    end = time.monotonic() + 600
    while True:
        while len(rungs := set((folder / "study" / "rungs").glob("*.rung"))) < len(workers):
            assert running.process.poll() is None, (running.out, running.errors)
            assert time.monotonic() < end, (running.out, running.errors)
            time.sleep(0.02)
        for each in workers:
            os.kill(each, signal.SIGSTOP)
        time.sleep(2)  # answers that were on their way
        if rungs == set((folder / "study" / "rungs").glob("*.rung")):
            return
        for each in workers:  # one of the trainings had just ended
            os.kill(each, signal.SIGCONT)


@pytest.mark.timeout(1800)  # on a busy machine
@pytest.mark.parametrize("lose", [Machines.kill_raylet, Machines.pull_cable])
def test_a_machine_is_lost_in_mid_training_and_another_one_joins(search, machines, tmp_path, lose):
    """The other machine is stopped meanwhile, so that the one that joins has to go on."""
    (tmp_path / "tiny.toml").write_text(TINY)
    running = search(
        *("--space", "tiny.toml", "--budget", "400k", "--trials", TRIALS, "--epochs", 30),
        *("--workers", 2, "--ray-address", machines.address),
        command=machines.command_on_head(COMMAND),
    )
    lost, held, joined = 1, 2, 3
    workers = [machines.wait_for(each, "ray::Worker")[0] for each in (lost, held)]
    stop_in_mid_training(running, tmp_path, workers)
    assert machines.seen_by(lost, tmp_path) == machines.seen_by(held, tmp_path) == []
    lose(machines, lost)
    with suppress(ProcessLookupError):  # what is only cut off goes on
        os.kill(workers[0], signal.SIGCONT)
    assert machines.add_node() == joined
    running.wait_for_text("goes on after epoch")
    assert machines.processes(joined, "ray::Worker")
    assert machines.seen_by(joined, tmp_path) == []
    os.kill(workers[1], signal.SIGCONT)
    code, out, errors, _ = running.end(within_s=900)
    assert (code, lines_of_ours(errors)) == (0, [])
    assert out.count("the worker died") == 1

    record = read_study(tmp_path / "study.db")
    assert record.states.keys() <= {"complete", "pruned", "failed"}
    assert record.done == len({trial.architecture for trial in record.trained}) == TRIALS
    for trial in record.front:
        assert weights_file(record.path, trial.number).is_file()
        assert trial.test_error is not None
    (gone,) = [trial for trial in record.trials if trial.state == "failed"]
    (again,) = [trial for trial in record.trained if trial.architecture == gone.architecture]
    rungs = train_as_searched(record, again, images_of(record, None), "cpu")
    expected = {rung.epoch: rung.val_error for rung in rungs}
    assert {epoch: expected[epoch] for epoch in again.val_errors} == again.val_errors
