"""A limit on the time in onnxruntime: a search keeps it, and another process times its front."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from nas_tc.study import read_study

_BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "search_times.py"
# A limit in milliseconds fits no network of a slow machine. The floor keeps the front near it.
_LOW, _HIGH = 0.15, 0.2
_BUDGET = f"latency in resnet18*{_LOW} .. resnet18*{_HIGH} in onnxruntime"
# On a shared machine two processes differ by up to 30 %, and their own intervals say so. This bound
# is for another network, batch or reference than the search's.
_FACTOR = 2.0


@pytest.mark.slow
def test_a_front_keeps_its_limit_in_onnxruntime_and_another_process_times_it_again(tmp_path):
    pytest.importorskip("onnxruntime")
    search = (
        "from nas_tc import search; "
        f"search({_BUDGET!r}, trials=6, epochs=1, baselines='none', study='front.db')"
    )
    subprocess.run([sys.executable, "-c", search], cwd=tmp_path, check=True)
    front = read_study(tmp_path / "front.db").front
    ratios = {str(trial.number): trial.times["latency"]["ratio"] for trial in front}
    assert ratios
    assert all(_LOW <= ratio <= _HIGH for ratio in ratios.values()), ratios
    # Its exit code says whether each is within 2 %, which is for a quiet machine to show.
    again = subprocess.run(
        [sys.executable, _BENCHMARK, "front.db"],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
    )
    assert again.returncode in (0, 1), again.stderr
    found = json.loads(again.stdout.splitlines()[-1])["again"]
    assert found.keys() == ratios.keys()
    for number, ratio in found.items():
        assert 1 / _FACTOR < ratio / ratios[number] < _FACTOR, again.stdout
