"""A search in small: an easy space, the digits at 16 pixels, two epochs."""

import signal

import pytest

import nas_tc
from nas_tc.search.pool import Pool
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


def host_class():
    """A class that Ray sends to its processes by value, since they cannot import this file."""

    class Host:
        """A process that is one worker after another."""

        def settle(self, *args, **keywords):
            from nas_tc.worker import Worker

            self.worker = Worker(*args, **keywords)

        def begin(self, *args):
            return self.worker.begin(*args)

        def advance(self):
            return self.worker.advance()

        def time(self, order):
            return self.worker.time(order)

        def test(self, *args):
            return self.worker.test(*args)

    return Host


@pytest.fixture(scope="session")
def hosts(cluster):
    """Processes that wait for the next search: to start one takes longer than a small search."""
    import ray

    waiting = []
    yield waiting
    for host in waiting:
        ray.kill(host)


@pytest.fixture
def kept_workers(hosts, monkeypatch):
    """Pools take their workers from `hosts`, and leave them there if they are idle in the end."""
    import ray

    close, most = Pool.close, 2

    def new_worker(pool):
        if hosts:
            host = hosts.pop()
        else:
            host = ray.remote(host_class()).options(num_cpus=0, max_restarts=0).remote()
        host.settle.remote(*pool._arguments, **pool._keywords)
        return host

    def keep(pool):
        while pool._idle and len(hosts) < most:
            hosts.append(pool._idle.popleft())
        close(pool)

    monkeypatch.setattr(Pool, "_new_worker", new_worker)
    monkeypatch.setattr(Pool, "close", keep)


@pytest.fixture
def fresh_search(cluster, tiny, tmp_path):
    """Runs a small search with worker processes of its own; keywords change it."""

    def run(budget="400k", study="study.db", **settings):
        settings = {"trials": 6, "epochs": 2, "workers": 1, "space": tiny, **settings}
        settings.setdefault("baselines", "none")
        return nas_tc.search(budget, study=tmp_path / study, **settings)

    return run


@pytest.fixture
def tiny_search(fresh_search, kept_workers):
    """The same with processes that earlier tests have started."""
    return fresh_search
