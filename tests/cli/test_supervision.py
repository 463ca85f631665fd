"""The two processes of a long command: what the parent makes of the child's end, and of signals."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

HEAD = """
import os, signal, sys, time
from pathlib import Path
from nas_tc.cli.signals import interrupt_on_signals
from nas_tc.cli import supervision
from nas_tc.cli.supervision import supervise

# As in a terminal: jobs in the background and nohup ignore them, and so do their children.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
supervision._GRACE_S = 0.3

def starts():
    with Path("starts").open("a") as file:
        file.write("x")
    return len(Path("starts").read_text())

def run():
    count = starts()
    print("start", count, flush=True)
    {body}

sys.exit(supervise(run))
"""


def has_ended(pid):
    """Whether a process is soon gone, or waits for a parent that does not ask for its end."""
    for _ in range(200):
        try:
            os.kill(pid, 0)
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.1)
    return False


def supervised(folder, body):
    text = HEAD.replace("{body}", body.strip().replace("\n", "\n    "))
    return subprocess.Popen(
        [sys.executable, "-c", text],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.mark.parametrize(
    ("body", "code", "starts", "errors"),
    [
        ("return 0", 0, 1, 0),
        ("return 2", 2, 1, 0),
        ("raise ValueError('x')", 1, 1, None),
        ("if count == 1: os._exit(1)\nreturn 0", 0, 2, 1),
        ("if count == 1: os.kill(os.getpid(), signal.SIGSEGV)\nreturn 3", 3, 2, 1),
        ("os._exit(1)", 1, 3, 3),
        ("os.kill(os.getpid(), signal.SIGKILL)", 137, 1, 1),
    ],
)
def test_the_child_is_started_again_if_it_did_not_end_itself(tmp_path, body, code, starts, errors):
    process = supervised(tmp_path, body)
    _, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert len((tmp_path / "starts").read_text()) == starts
    if errors is not None:
        assert len(err.splitlines()) == errors


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_comes_to_the_child_once(tmp_path, number):
    body = """
interrupt_on_signals()
try:
    time.sleep(60)
except KeyboardInterrupt:
    time.sleep(.3)
    print("asked", flush=True)
    return 130
"""
    process = supervised(tmp_path, body)
    assert process.stdout.readline() == "start 1\n"
    time.sleep(0.2)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "asked\n", "")


# On a busy machine the signal comes again before the hook that has sent it has ended.
_SLOW_THREADS = """
start = threading.Thread.start
def slowly(thread):
    start(thread)
    time.sleep(0.3)
threading.Thread.start = slowly
"""


@pytest.mark.parametrize("machine", ["", _SLOW_THREADS], ids=["quiet", "busy"])
def test_a_signal_in_a_callback_is_not_lost(tmp_path, machine):
    body = f"""
import threading, weakref
class Something:
    pass
something = Something()
reference = weakref.ref(something, lambda _: signal.raise_signal(signal.SIGTERM))
interrupt_on_signals()
{machine}
try:
    del something
    time.sleep(60)
except KeyboardInterrupt:
    return 130
"""
    out, err = (process := supervised(tmp_path, body)).communicate(timeout=50)
    assert (process.returncode, out, err) == (130, "start 1\n", "")


def test_what_else_a_callback_raises_is_shown(tmp_path):
    body = """
import weakref
class Something:
    pass
something = Something()
reference = weakref.ref(something, lambda _: 1 / 0)
interrupt_on_signals()
del something
return 0
"""
    process = supervised(tmp_path, body)
    assert "ZeroDivisionError" in process.communicate(timeout=50)[1]
    assert process.returncode == 0


def test_the_child_does_not_outlive_the_parent(tmp_path):
    process = supervised(tmp_path, "print(os.getpid(), flush=True)\ntime.sleep(60)")
    process.stdout.readline()
    child = int(process.stdout.readline())
    process.kill()
    process.communicate(timeout=60)  # ends only when the child, too, has closed its output
    assert has_ended(child)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux hands orphans on")
def test_what_the_child_leaves_behind_is_ended(tmp_path):
    body = """
import subprocess
left = subprocess.Popen(["sleep", "60"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(left.pid, flush=True)
return 0
"""
    process = supervised(tmp_path, body)
    process.stdout.readline()
    left = int(process.stdout.readline())
    assert process.wait(60) == 0
    process.communicate()
    assert has_ended(left)
