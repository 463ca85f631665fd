"""A Ray that starts late, or not at all at first, as on a machine with too much to do."""

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


def strike(running, name, number):
    """Sends a signal to the first process of this name; returns its id."""
    end = time.monotonic() + 120
    while not (found := running.processes(name)):
        assert running.process.poll() is None, running.errors
        assert time.monotonic() < end
        time.sleep(0.005)
    os.kill(found[0], number)
    return found[0]


@pytest.mark.parametrize("name", ["raylet/raylet", "dashboard/agent.py", "runtime_env/agent"])
def test_a_search_waits_for_a_process_of_ray_that_is_slow(search, tmp_path, name):
    """Ray itself gives up after 15 s without its agents, and after 30 s without a raylet."""
    running = search("--trials", 1)
    stopped = strike(running, name, signal.SIGSTOP)
    time.sleep(40)
    os.kill(stopped, signal.SIGCONT)
    code, _, errors, _ = running.end(within_s=400)
    assert (code, lines_of_ours(errors)) == (0, [])
    assert states(tmp_path) == {"COMPLETE": 1}


def test_a_ray_that_does_not_start_is_started_again(search, tmp_path):
    running = search("--trials", 1)
    strike(running, "gcs_server", signal.SIGKILL)
    code, out, errors, _ = running.end(within_s=500)
    assert (code, lines_of_ours(errors)) == (0, [])
    assert "starting it again" in out
    assert states(tmp_path) == {"COMPLETE": 1}
