"""A search on two nodes of a job of SLURM, whose programs have stand-ins."""

import signal
import socket
import stat
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from real_search import states

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc"),
]

SCRIPT = Path(__file__).parents[2] / "examples" / "cluster" / "slurm.sh"
STAND_INS = {  # on one machine each node's commands run here
    "scontrol": 'echo "$3" | tr , "\\n"',
    "srun": 'while [[ $1 == --* ]]; do shift; done; exec "$@"',
    "nas-tc": 'exec python -m nas_tc.cli "$@"',
}


def test_a_job_of_slurm_whose_time_is_over(search, tmp_path):
    """SLURM sends SIGTERM to the script alone: `--signal=B:TERM@300`."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, text in STAND_INS.items():
        (programs / name).write_text(f"#!/bin/bash\n{text}\n")
        (programs / name).chmod(stat.S_IRWXU)
    with socket.socket() as free:
        free.bind(("", 0))
        port = free.getsockname()[1]
    job = search(
        *("--budget", "alexnet*0.05", "--baselines", "none", "--trials", 50, "--epochs", 30),
        command=["bash", str(SCRIPT)],
        PATH=f"{programs}:{Path(sys.executable).parent}:/usr/bin:/bin",
        SLURM_JOB_NODELIST="one,other",
        SLURM_CPUS_PER_TASK="1",
        NAS_TC_PORT=str(port),
    )
    rungs, end = tmp_path / "study" / "rungs", time.monotonic() + 400
    while not list(rungs.glob("*.rung")):
        assert job.process.poll() is None, job.errors
        assert time.monotonic() < end
        time.sleep(0.05)
    before = set(job.descendants())
    job.signal(signal.SIGTERM)
    code, _, errors, _ = job.end(within_s=200)
    assert code == 130, errors
    assert "stopped; run the same command again to go on" in errors
    assert states(tmp_path).get("RUNNING", 0) == 0
    assert list(rungs.glob("*.rung"))
    assert not any(Path(f"/proc/{pid}").exists() for pid in before)
