"""Real searches whose processes are killed, stopped and signalled."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from real_search import lines_of_ours, states

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc"),
]


# Ray waits a minute for a GCS that is gone, and a search goes on meanwhile. On a quick machine it
# has ended before, and nothing has to be said.
@pytest.mark.parametrize(("name", "trials"), [("raylet/raylet", 12), ("gcs_server", 250)])
def test_a_search_goes_on_after_a_process_of_ray_is_killed(search, tmp_path, name, trials):
    running = search("--trials", trials)
    running.wait_for("trial ", 2)
    before = set(running.descendants())
    os.kill(running.processes(name)[0], signal.SIGKILL)
    code, out, errors, _ = running.end(within_s=550)
    assert code == 0, errors
    assert "report: " in out
    told = lines_of_ours(errors)
    assert len(told) == 1 or (name == "gcs_server" and not told)
    assert all(line.startswith("nas-tc: Ray has ended the process") for line in told)
    found = states(tmp_path)
    assert found["COMPLETE"] + found.get("PRUNED", 0) == trials
    assert found.keys() <= {"COMPLETE", "PRUNED", "FAIL"}
    assert not any(Path(f"/proc/{pid}").exists() for pid in before)


def test_a_stopped_worker_is_replaced(search, tmp_path):
    running = search("--trials", 6, "--trial-timeout", 20)
    running.wait_for("trial ", 1)
    os.kill(running.processes("ray::Worker")[0], signal.SIGSTOP)
    code, out, errors, _ = running.end(within_s=400)
    assert (code, lines_of_ours(errors)) == (0, [])
    assert "the worker gave no answer within 20 s" in out
    assert states(tmp_path).get("RUNNING", 0) == 0


def test_ctrl_c_ends_a_search_whose_processes_are_all_stopped(search, tmp_path):
    running = search("--trials", 300)
    running.wait_for("trial ", 1)
    workers = running.processes("ray::Worker")
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    time.sleep(2)
    running.signal(signal.SIGINT)
    code, _, errors, _ = running.end(within_s=90)
    assert code == 130
    assert lines_of_ours(errors) == ["stopped; run the same command again to go on"]
    assert states(tmp_path).get("RUNNING", 0) == 0
    assert not any(Path(f"/proc/{pid}").exists() for pid in workers)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("after_s", [0.3, 1.0, 4.0, 8.0, 16.0])
def test_a_signal_at_any_time(search, tmp_path, number, after_s):
    running = search("--trials", 300)
    time.sleep(after_s)
    before = set(running.descendants())
    running.signal(number)
    code, _, errors, _ = running.end(within_s=120)
    # Before the program can say what to do, the system's own rule holds.
    assert code in ((130, -number) if after_s < 2 else (130,))
    assert "Traceback" not in errors
    assert len(lines_of_ours(errors)) <= 1
    assert not any(Path(f"/proc/{pid}").exists() for pid in before)
    if (tmp_path / "study.db").exists():
        assert states(tmp_path).get("RUNNING", 0) == 0


def test_five_times_ctrl_c(search, tmp_path):
    running = search("--trials", 300)
    running.wait_for("trial ", 1)
    for _ in range(5):
        running.signal(signal.SIGINT)
        time.sleep(0.2)
    code, _, errors, _ = running.end()
    assert code == 130
    assert "Traceback" not in errors
    assert states(tmp_path).get("RUNNING", 0) == 0


def test_nohup_keeps_a_search_alive(search, tmp_path):
    running = search("--trials", 2, prefix=["nohup"])
    running.wait_for("study: ")
    running.signal(signal.SIGHUP)
    assert running.end(within_s=400)[0] == 0
    assert states(tmp_path)["COMPLETE"] == 2
