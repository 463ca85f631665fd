"""What is loaded by whom: heavy libraries only by what needs them."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
STUDY = ROOT / "tests" / "compat" / "v0_1" / "study.db"
COMMAND = (
    "import sys\nfrom nas_tc.cli.main import main\n"
    "try:\n    main()\nexcept SystemExit as ended:\n    assert ended.code == 0\n"
)


def loaded_by(code, *arguments):
    """The modules that a new process has loaded when `code` has run there."""
    code += "\nimport sys\nprint(*sys.modules, sep='\\n', file=sys.stderr)"
    command = [sys.executable, "-c", code, *map(str, arguments)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-2000:]
    return {name for name in ran.stderr.split() if "." not in name}


def test_the_sampler_loads_neither_torch_nor_ray_nor_scikit_learn():
    loaded = loaded_by("import nas_tc.sampler")
    assert "optuna" in loaded
    assert not {"torch", "ray", "sklearn", "pandas"} & loaded


def test_a_study_is_read_without_torch_ray_and_scikit_learn():
    loaded = loaded_by("import nas_tc.study")
    assert "optuna" in loaded
    assert not {"torch", "ray", "sklearn"} & loaded


def test_the_example_of_the_sampler_loads_neither_torch_nor_ray():
    code = "import runpy, sys\nrunpy.run_path(sys.argv[1])['main'](trials=1)"
    loaded = loaded_by(code, ROOT / "examples" / "budget_sampler.py")
    assert "sklearn" in loaded
    assert not {"torch", "ray"} & loaded


def test_a_report_loads_neither_torch_nor_ray(tmp_path):
    study = shutil.copy(STUDY, tmp_path)
    loaded = loaded_by(COMMAND, "report", study, "--out", tmp_path)
    assert (tmp_path / "pareto.png").exists()
    assert "matplotlib" in loaded
    assert not {"torch", "ray"} & loaded


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["cost", "J"],
        ["zoo"],
        ["experiment", "nin", "--check"],
    ],
)
def test_help_and_commands_that_count_load_nothing_heavy(arguments):
    loaded = loaded_by(COMMAND, *arguments)
    assert "typer" in loaded
    assert not {"torch", "optuna", "ray", "numpy", "pandas", "sklearn", "matplotlib"} & loaded


def test_networks_of_a_space_are_counted_by_numpy_alone():
    loaded = loaded_by(COMMAND, "space")
    assert not {"torch", "optuna", "ray", "pandas", "sklearn", "matplotlib"} & loaded


def test_the_package_itself_loads_nothing_heavy():
    assert not {"torch", "optuna", "ray", "numpy"} & loaded_by("import nas_tc")
