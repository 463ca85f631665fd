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


def results(notebook):
    """The kinds of the results of a notebook's cells."""
    outputs = [each for cell in notebook.cells for each in cell.get("outputs", [])]
    return [sorted(each["data"]) for each in outputs if each["output_type"] == "execute_result"]


def test_a_search_shows_its_front_and_its_winner(tmp_path):
    kept, run = executed(EXAMPLES / "search_digits.ipynb", tmp_path)
    assert results(run) == results(kept)
    assert ["text/html", "text/plain"] in results(run)
