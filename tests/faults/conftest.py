"""Real searches that are over when their test is."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from real_search import RealSearch


@pytest.fixture
def search(tmp_path):
    """Starts a search in the test's folder."""
    started = []

    def start(*options, **keywords):
        started.append(RealSearch(tmp_path, *options, **keywords))
        return started[-1]

    yield start
    for each in started:
        if each.process.poll() is None:
            each.kill()
