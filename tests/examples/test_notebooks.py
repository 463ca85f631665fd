"""The notebooks run from the top to the bottom, and print what they keep."""

from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # of Jupyter's, in this process
]


def outputs(notebook):
    """The texts of a notebook's outputs."""
    return [
        output.get("data", {}).get("text/plain", output.get("text"))
        for cell in notebook.cells
        for output in cell.get("outputs", [])
    ]


def executed(path, folder):
    nbformat = pytest.importorskip("nbformat", reason="Jupyter is not installed")
    client = pytest.importorskip("nbclient", reason="Jupyter is not installed")
    kept = nbformat.read(path, as_version=4)
    run = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": str(folder)}}
    client.NotebookClient(run, timeout=500, kernel_name="python3", resources=resources).execute()
    return kept, run


def test_what_counts_is_the_same_everywhere(tmp_path):
    kept, run = executed(EXAMPLES / "replace_layers.ipynb", tmp_path)
    assert outputs(run) == outputs(kept)
