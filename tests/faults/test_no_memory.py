"""Workers that run out of memory for real."""

import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from real_search import lines_of_ours, states

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc"),
]

GROUPS = Path("/sys/fs/cgroup")
TRIALS = 30  # some are left when the worker is found, also on a busy machine


@contextmanager
def small_group():
    """A control group that has room for nothing; skips the test where none can be made."""
    is_first = (GROUPS / "memory").is_dir()
    folder = (GROUPS / "memory" if is_first else GROUPS) / "nas-tc-test"
    try:
        folder.mkdir()
    except OSError as error:
        pytest.skip(f"cannot make a control group: {error}")
    try:
        limit = "memory.limit_in_bytes" if is_first else "memory.max"
        try:
            (folder / limit).write_text("65536")
        except OSError as error:
            pytest.skip(f"cannot limit a control group: {error}")
        yield folder / "cgroup.procs"
    finally:
        folder.rmdir()


def test_a_worker_that_the_kernel_kills_for_its_memory(search, tmp_path):
    with small_group() as members:
        running = search("--trials", TRIALS)
        running.wait_for("trial ")
        members.write_text(str(running.processes("ray::Worker")[0]))
        code, out, errors, _ = running.end(within_s=400)
    assert (code, lines_of_ours(errors)) == (0, [])
    assert out.count("the worker died") == 1
    found = states(tmp_path)
    assert (found["COMPLETE"] + found.get("PRUNED", 0), found["FAIL"]) == (TRIALS, 1)
