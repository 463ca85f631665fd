"""The tests that need a GPU: those that are marked `gpu`.

    python benchmarks/gpu_tests.py

Only files that hold such a test are collected, without the shared fixtures, which need Ray.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from gpu_part import Figures, PartFailedError, run_part

ROOT = Path(__file__).parents[1]
SETTINGS = f"""[pytest]
pythonpath = {ROOT / "tests"}
addopts = --import-mode=importlib
markers =
    gpu: needs a CUDA device
    slow: takes minutes
    faults: kills processes or fills disks
"""


def part() -> Figures:
    """Numbers of tests by outcome; raises `PartFailedError` if one fails or none runs."""
    if not torch.cuda.is_available():
        raise PartFailedError("torch sees no GPU", {})
    marked = [
        str(file)
        for file in sorted((ROOT / "tests").rglob("test_*.py"))
        if "mark.gpu" in file.read_text()
    ]
    options = ["-q", "-m", "gpu", "--noconftest", "-p", "no:cacheprovider"]
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / "pytest.ini"  # the project's own need a plugin
        settings.write_text(SETTINGS)
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-c", str(settings), *options, *marked],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    print(done.stdout, done.stderr, file=sys.stderr)
    last = (done.stdout.strip().splitlines() or [""])[-1]
    figures: Figures = {kind: int(count) for count, kind in re.findall(r"(\d+) (\w+)", last)}
    if done.returncode or not figures.get("passed"):
        raise PartFailedError(last or f"pytest ended with {done.returncode}", figures)
    return figures


if __name__ == "__main__":
    sys.exit(run_part("tests", part))
