"""Where worker processes have their memory from."""

import os

import pytest

from nas_tc import _ray


@pytest.fixture
def started(monkeypatch):
    """What Ray's processes find in their environment."""
    found = {}
    monkeypatch.setattr(_ray.ray, "is_initialized", lambda: False)
    monkeypatch.setattr(_ray.ray, "init", lambda **_: found.update(os.environ))
    return found


def test_workers_that_train_have_the_allocator_that_is_faster(started, monkeypatch):
    monkeypatch.delenv("MALLOC_CONF", raising=False)
    assert _ray.start_ray(None, 2)
    assert started["RAY_LD_PRELOAD_ON_WORKERS"] == "1"
    assert "thp:always" in started["MALLOC_CONF"]
    assert "MALLOC_CONF" not in os.environ  # nothing is left in ours
    monkeypatch.setenv("MALLOC_CONF", "thp:never")
    _ray.start_ray(None, 2)
    assert started["MALLOC_CONF"] == "thp:never"  # the user's word counts


def test_workers_that_read_the_clock_have_that_of_other_programs(started, monkeypatch):
    monkeypatch.delenv("MALLOC_CONF", raising=False)
    _ray.start_ray(None, 2, True)
    assert "MALLOC_CONF" not in started
