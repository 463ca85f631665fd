"""Searches that are stopped, killed, or lose workers and networks on the way."""

import os
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from nas_tc._ray import own_sigterm
from nas_tc.errors import StudyError
from nas_tc.search import pool as pool_module
from nas_tc.study import read_study
from nas_tc.study.study_storage import StudyStorage
from nas_tc.study.weights import Weights
from recording_listener import RecordingListener, states


def test_ctrl_c_loses_nothing(tiny_search, tmp_path):
    def interrupt(ended):
        if ended == 2:
            raise KeyboardInterrupt

    record = tiny_search(listener=RecordingListener(interrupt), workers=2)
    assert record.interrupted
    assert record.done == 2
    assert states(tmp_path / "study.db")["RUNNING"] == 0
    in_flight = {t.architecture for t in record.trials if t.state == "failed"}
    whole = tiny_search()
    assert not whole.interrupted
    assert whole.done == 6
    done = [t.architecture for t in whole.trials if t.state in ("complete", "pruned")]
    assert len(set(done)) == 6
    assert in_flight <= set(done)  # what was in flight was run again
    assert states(tmp_path / "study.db").keys() <= {"COMPLETE", "PRUNED", "FAIL"}


def test_trials_that_a_killed_search_left_running_are_run_again(tiny_search, tmp_path):
    tiny_search(trials=2)
    # What kill -9 leaves behind: a trial that was training, and one that was being asked for.
    with sqlite3.connect(tmp_path / "study.db") as database:
        database.execute("UPDATE trials SET state = 'RUNNING' WHERE number = 1")
        database.execute("INSERT INTO trials (number, study_id, state) VALUES (2, 1, 'RUNNING')")
    record = tiny_search(trials=4)
    assert states(tmp_path / "study.db")["RUNNING"] == 0
    assert record.done == 4
    rerun = [t for t in record.trials if t.architecture == record.trials[1].architecture]
    cut_off, again = rerun
    assert cut_off.state == "failed"
    assert again.state in ("complete", "pruned")
    assert again.val_errors == cut_off.val_errors  # the same seed, so the same result


def test_a_worker_that_dies_is_replaced_and_its_network_tried_again(fresh_search, monkeypatch):
    killed = []
    begin = pool_module.Pool.begin

    def begin_and_die(self, number, architecture, *how):
        begin(self, number, architecture, *how)
        if len(killed) < 1:
            killed.append(architecture)
            pool_module.ray.kill(self._busy[number])

    monkeypatch.setattr(pool_module.Pool, "begin", begin_and_die)
    record = fresh_search()
    assert record.done == 6
    failed = [t for t in record.trials if t.state == "failed"]
    assert [t.architecture for t in failed] == killed
    assert "the worker died" in failed[0].reason
    assert killed[0] in {t.architecture for t in record.trials if t.state != "failed"}


@pytest.mark.parametrize(("retries", "tries"), [(0, 1), (2, 3)])
def test_a_network_is_tried_as_often_as_asked(tiny_search, monkeypatch, retries, tries):
    begun = []
    next_result = pool_module.Pool.next_result

    def lose_the_first(self, timeout_s):
        answer = next_result(self, timeout_s)
        if answer is None or len(begun) >= 3:
            return answer
        begun.append(answer[0])
        return answer[0], pool_module.LostError("the worker died: a test")

    monkeypatch.setattr(pool_module.Pool, "next_result", lose_the_first)
    record = tiny_search(trials=2, retries=retries)
    assert record.done == 2
    lost = [t.architecture for t in record.trials if t.state == "failed"]
    assert len(lost) == 3
    assert len(set(lost)) == 3 // tries


def test_networks_that_diverge_are_stopped_with_the_reason(tiny_search):
    record = tiny_search(learning_rate=1e20, trials=2)
    assert [t.state for t in record.trials] == ["pruned", "pruned"]
    assert all(t.reason.startswith("the loss is ") for t in record.trials)
    assert all(t.val_errors == {} for t in record.trials)  # no error that nobody measured
    assert record.front == ()
    with pytest.raises(StudyError, match="no trial is complete yet"):
        _ = record.best


def test_networks_that_cannot_be_trained_end_the_search(tiny_search, monkeypatch, tmp_path):
    begin = pool_module.Pool.begin
    monkeypatch.setattr(
        pool_module.Pool,
        "begin",
        lambda self, number, architecture, *_: begin(self, number, architecture, -(2**70)),
    )
    with pytest.raises(StudyError, match="5 networks in a row could not be trained, the last: "):
        tiny_search(trials=20)
    assert states(tmp_path / "study.db")["FAIL"] == 5


@pytest.mark.parametrize("moment", range(3))
def test_a_signal_in_a_transaction_waits_for_its_end(
    tiny_search, tmp_path, monkeypatch, heeds_ctrl_c, moment
):
    """Wherever Python is when Ctrl-C comes, the study is not left in the middle of something."""
    steps = [
        (StudyStorage, "create_new_trial"),
        (StudyStorage, "set_trial_state_values"),
        (Weights, "keep"),
    ]
    owner, name = steps[moment]
    original = getattr(owner, name)

    def signalled(*args, **kwargs):
        os.kill(os.getpid(), signal.SIGINT)
        result = original(*args, **kwargs)
        finished.append(name)
        return result

    finished = []
    monkeypatch.setattr(owner, name, signalled)
    record = tiny_search(workers=1)
    assert record.interrupted
    assert finished
    assert states(tmp_path / "study.db")["RUNNING"] == 0
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_polite_kill_ends_a_search_as_ctrl_c_does(tmp_path):
    command = [
        *(sys.executable, "-m", "nas_tc.cli", "search", "--budget", "alexnet*0.05"),
        *(
            "--trials",
            "300",
            "--epochs",
            "1",
            "--workers",
            "1",
            "--study",
            str(tmp_path / "study.db"),
        ),
    ]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path
    )
    for line in process.stdout:
        if line.startswith("trial "):
            process.send_signal(signal.SIGTERM)
            break
    out, err = process.communicate(timeout=300)
    assert process.returncode == 130
    assert "report: " in out
    assert err.splitlines() == ["stopped; run the same command again to go on"]
    assert states(tmp_path / "study.db")["RUNNING"] == 0


@pytest.mark.faults
def test_kill_9_of_the_driver(tmp_path):
    """Twenty times, at another moment each: no trial is lost, none is left running."""
    command = [
        *(sys.executable, "-m", "nas_tc.cli", "search", "--budget", "alexnet*0.2"),
        *("--trials", "12", "--epochs", "2", "--baselines", "none"),
        *("--study", str(tmp_path / "study.db")),
    ]
    before: set[str] = set()
    for attempt in range(20):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(6 + attempt * 0.37)
        process.send_signal(signal.SIGKILL)
        process.wait()
        time.sleep(2)
        try:
            record = read_study(tmp_path / "study.db")
        except StudyError:
            continue
        done = {t.architecture.id for t in record.trials if t.state in ("complete", "pruned")}
        assert before <= done
        before = done
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    record = read_study(tmp_path / "study.db")
    done = [t.architecture.id for t in record.trials if t.state in ("complete", "pruned")]
    assert len(done) == len(set(done)) == 12
    assert before <= set(done)
    assert states(tmp_path / "study.db").keys() <= {"COMPLETE", "PRUNED", "FAIL"}


@pytest.mark.parametrize("how", ["deleted", "renamed", "replaced"])
def test_a_study_that_loses_its_file_is_saved(tiny_search, tmp_path, how):
    path = tmp_path / "study.db"

    def lose_the_file(ended):
        if ended == 2:
            if how == "deleted":
                path.unlink()
            else:
                path.rename(tmp_path / "elsewhere.db")
            if how == "replaced":
                path.write_bytes(b"another file")

    with pytest.raises(StudyError, match=rf"{path} was deleted, renamed or replaced .*-saved\.db"):
        tiny_search(listener=RecordingListener(lose_the_file), workers=1)
    saved = read_study(tmp_path / "study-saved.db")
    assert saved.done == 2
    whole = tiny_search(study="study-saved.db", workers=1)
    assert whole.done == 6
    assert [t.val_errors for t in whole.trials[:2]] == [t.val_errors for t in saved.trials[:2]]


def test_ray_leaves_the_handler_of_sigterm_alone_while_it_starts():
    import ray

    before = signal.getsignal(signal.SIGTERM)
    with own_sigterm():
        ray._private.utils.set_sigterm_handler(lambda *_: None)
        assert signal.getsignal(signal.SIGTERM) is before
    assert signal.getsignal(signal.SIGTERM) is before
    assert ray._private.utils.set_sigterm_handler.__name__ == "set_sigterm_handler"
