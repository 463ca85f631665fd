"""The lock of a node: many train or one times, and nobody waits for ever."""

import subprocess
import sys
import threading
import time

from nas_tc.timing import NodeLock

HOLDER = """
import sys, time
from pathlib import Path
from nas_tc.timing import NodeLock
with getattr(NodeLock(Path(sys.argv[1])), sys.argv[2])():
    print("held", flush=True)
    time.sleep(600)
"""


def start(target, *arguments):
    thread = threading.Thread(target=target, args=arguments, daemon=True)
    thread.start()
    return thread


def test_steps_run_side_by_side(tmp_path):
    with NodeLock(tmp_path).step(), NodeLock(tmp_path).step():
        pass


def test_a_timing_waits_for_steps_and_holds_new_ones_back(tmp_path):
    events = []
    timer, other = NodeLock(tmp_path), NodeLock(tmp_path)

    def take_the_time():
        with timer.timing():
            events.append("timing")

    def step():
        with other.step():
            events.append("step")

    with NodeLock(tmp_path).step():
        timing = start(take_the_time)
        while not held(tmp_path, "gate"):  # it has passed the gate and waits for us
            time.sleep(0.01)
        later = start(step)
        later.join(0.2)
        assert events == []
    timing.join(60)
    later.join(60)
    assert events == ["timing", "step"]


def test_a_timing_is_alone(tmp_path):
    inside, most = [], []

    def work(lock, kind):
        for _ in range(50):
            with getattr(lock, kind)():
                inside.append(kind)
                most.append(sorted(inside))
                inside.remove(kind)

    kinds = ["step", "step", "timing", "timing"]
    threads = [start(work, NodeLock(tmp_path), kind) for kind in kinds]
    for thread in threads:
        thread.join(120)
    assert len(most) == 200
    assert not [seen for seen in most if "timing" in seen and len(seen) > 1]


def test_the_system_gives_back_the_lock_of_a_process_that_dies(tmp_path):
    for kind in ("step", "timing"):
        process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(tmp_path), kind], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout.readline() == "held\n"
        process.kill()
        process.wait()
        process.stdout.close()
        lock = NodeLock(tmp_path)
        with lock.timing():
            pass
        lock.close()


def held(folder, name):
    """Whether somebody holds one of the two files for themselves."""
    import fcntl

    file = next(folder.glob(f"*-{name}.lock"))
    with file.open() as opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        fcntl.flock(opened, fcntl.LOCK_UN)
        return False
