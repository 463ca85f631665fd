"""One small Ray for all tests, no results outside of temporary folders, and the shared data."""

import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["tiny_search", "simulated_gpu", "replayed_graph", "postgres_server"]  # fixtures

# Networks that exist are drawn by throwing away those that do not, and first examples build torch
# modules, so neither a filter nor a slow example says that anything is wrong.
settings.register_profile(
    "nas-tc",
    deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
    derandomize=True,
)
settings.load_profile("nas-tc")

# One thread, as each worker of a search has; more of them wait for one another on a busy machine.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["NAS_TC_CACHE"] = "off"  # nothing is left in the home folder

CIFAR10 = Path(__file__).parents[2] / "shared" / "data" / "cifar10"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """With `-n` a file's tests stay in one process, for its fixtures, and all of Ray's in one."""
    for item in items:
        group = "ray" if "cluster" in item.fixturenames else item.nodeid.partition("::")[0]
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(autouse=True)
def _subnormal_numbers():
    """Takes back what a training or a calibration sets for its process: Hypothesis draws them."""
    yield
    if (torch := sys.modules.get("torch")) is not None:
        torch.set_flush_denormal(False)


@pytest.fixture(scope="session")
def cluster():
    """A Ray with two processors that searches of this session share."""
    import ray

    from nas_tc._ray import environment_with
    from nas_tc._ray_start import VARIABLES, start_local

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    with environment_with(VARIABLES):
        start_local(print, num_cpus=2, log_to_driver=False, logging_level="ERROR")
    yield
    ray.shutdown()


@pytest.fixture(scope="session")
def study(tmp_path_factory):
    """The record of a study with weights: `handmade_study.make_study`."""
    from handmade_study import make_study

    return make_study(tmp_path_factory.mktemp("study") / "digits.db")


@pytest.fixture
def one_thread():
    """Threads beyond the idle cores make small steps many times slower."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def cifar10():
    """The folder of the CIFAR-10 parquet files, where there is one."""
    if not CIFAR10.is_dir():
        pytest.skip(f"no CIFAR-10 at {CIFAR10.parent.parent.name}/data/cifar10")
    return CIFAR10
