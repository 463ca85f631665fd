"""A search in small: an easy space, the digits at 16 pixels, two epochs."""

import signal

import pytest

import nas_tc
from nas_tc.space import parse_space

TINY = """
input = [1, 16, 16]

[[stage]]
depth = [1, 2]
width = [4, 8, 16]
filter = [3]
stride = [2]

[[stage]]
depth = [1, 2]
width = [8, 16, 32]
filter = [2, 3]
stride = [1, 2]
"""


@pytest.fixture
def heeds_ctrl_c():
    """Python's own handler, whatever the shell that runs the tests has made of it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def tiny():
    return parse_space(TINY, "tiny", "tiny.toml")


@pytest.fixture
def tiny_search(cluster, tiny, tmp_path):
    """Runs a small search; keywords change it."""

    def run(budget="400k", study="study.db", **settings):
        settings = {"trials": 6, "epochs": 2, "workers": 1, "space": tiny, **settings}
        return nas_tc.search(budget, study=tmp_path / study, **settings)

    return run
