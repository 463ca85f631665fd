"""A study with everything that a report can show."""

import pytest

from made_up_trials import hostile_study


@pytest.fixture(scope="session")
def record(study):
    """40 trials with tests, reruns and times, whose names try to be markup."""
    return hostile_study(study)
