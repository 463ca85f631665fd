"""A limit on the time in onnxruntime: the front keeps it when another process times it again."""

import subprocess
import sys
from pathlib import Path

import pytest

_BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "search_times.py"
# A limit in milliseconds fits no network of a slow machine. The floor keeps the front near it.
_BUDGET = "latency in resnet18*0.15 .. resnet18*0.2 in onnxruntime"
_LOOKS = 3  # a shared machine has moments in which no time can be believed


@pytest.mark.slow
def test_a_fresh_process_finds_the_front_within_two_percent_of_the_limit(tmp_path):
    pytest.importorskip("onnxruntime")
    search = (
        "from nas_tc import search; "
        f"search({_BUDGET!r}, trials=6, epochs=1, baselines='none', study='front.db')"
    )
    subprocess.run([sys.executable, "-c", search], cwd=tmp_path, check=True)
    for _ in range(_LOOKS):
        again = subprocess.run(
            [sys.executable, _BENCHMARK, "front.db"],
            cwd=tmp_path,
            check=False,
            capture_output=True,
            text=True,
        )
        if again.returncode == 0:
            break
    assert again.returncode == 0, again.stdout + again.stderr
    assert " members are within the budget or 2 % of it" in again.stdout
