"""A search in simulation: the real driver and pool, with Ray, storage, files and clocks that fail.

A seed decides everything: how long workers take, in which order they answer, and which faults
happen where (`simulated_faults.py`, `simulated_ray.py`). The search is started again until it
reaches its goal, and `simulated_promises.py` looks at the study after each end.
"""

from collections import Counter
from dataclasses import dataclass, field
from functools import cache, partial
from random import Random

import optuna
from optuna.exceptions import StorageInternalError
from simulated_faults import (
    Faults,
    KilledError,
    faulty_files,
    quick_values,
    replaced,
    shared,
    wall_clock,
)
from simulated_promises import (
    check,
    check_checkpoints,
    check_end,
    check_no_more,
    check_sole_writer,
    rot,
    stays,
)
from simulated_ray import Clock, SimulatedRay, Trainings
from simulated_results import EPOCHS, BrokenError
from simulated_sampler import PlainSampler
from simulated_storage import NO_SAMPLER, Disk
from sqlalchemy.exc import SQLAlchemyError

from nas_tc.budget import parse_budget, resolve_budget
from nas_tc.data import load_data
from nas_tc.errors import NasTcError
from nas_tc.recipe import Recipe
from nas_tc.search import (
    NullListener,
    cluster_capacity,
    driver,
    network_sampler,
    pool,
    proposals,
)
from nas_tc.search.deadlines import Deadlines
from nas_tc.search.front_errors import measure_front, untested
from nas_tc.search.session import Session
from nas_tc.search.settings import Settings
from nas_tc.search.stop_time import StopTime
from nas_tc.space import Feasible, parse_space
from nas_tc.study import sole_writer
from nas_tc.study.attributes import SETTINGS_KEY
from nas_tc.study.checkpoints import Checkpoints
from nas_tc.study.record import record_of
from nas_tc.study.storage import lock_study, requeue_running

SPACE = """
input = [1, 8, 8]
[[stage]]
depth = [1, 2]
width = [4, 8]
filter = [2, 3]
stride = [1, 2]
[[stage]]
depth = 1
width = [4, 8]
filter = [1, 3]
"""
MOST_STARTS = 60  # of one search, the last of them without faults
TIMEOUT_S = 5.0  # for an answer of a worker
LIMIT_S = (6.0, 35.0)  # time limits of a search, of which its end takes 5 s
REAL_SAMPLER = 8  # one of so many searches takes its networks from the real sampler
REAL_STORAGE = 8  # one of so many keeps its study in SQLite

KINDS = {  # rates of faults
    "none": {},
    "kills": {"kill": 0.01},
    "disk": {"full": 0.008, "readonly": 0.001, "kill": 0.002},
    "stops": {"stop": 0.12, "kill": 0.003},
    "workers": {"lost": 0.06, "memory": 0.03, "failed": 0.02, "diverged": 0.05, "kill": 0.005},
    "nodes": {"node": 0.07, "hang": 0.02, "tardy": 0.05, "kill": 0.005},
    "clocks": {"late": 0.8, "step": 0.2, "rot": 0.3, "kill": 0.01},
    "all": {
        "kill": 0.005,
        "full": 0.003,
        "readonly": 0.0005,
        "stop": 0.04,
        "lost": 0.03,
        "memory": 0.02,
        "failed": 0.01,
        "diverged": 0.03,
        "node": 0.02,
        "hang": 0.01,
        "tardy": 0.03,
        "late": 0.3,
        "step": 0.1,
        "rot": 0.1,
    },
}


@dataclass
class Outcome:
    """What a simulated search did.

    Attributes:
        starts: How often it was started.
        struck: Faults by kind and place.
        checks: Number of invariants that were looked at.
        ended: Network and state of each trial that counts, in the order of the trials.
    """

    starts: int = 0
    struck: Counter = field(default_factory=Counter)
    checks: int = 0
    ended: tuple = ()


@dataclass
class Search:
    """A search that is started again and again.

    Attributes:
        path: Path of the study file, beside which weights and checkpoints lie.
        disk: Disk that keeps the study.
        settings: Settings of the search.
        workers: Number of workers.
        goal: Number of trials.
        sampler: Function that makes the sampler.
        ended: Trainings that came to their end, by network.
        has_removed: Whether this start has come to remove what no training needs any more.
    """

    path: object
    disk: Disk
    settings: Settings
    workers: int
    goal: int
    sampler: object
    ended: Counter = field(default_factory=Counter)
    has_removed: bool = False


@cache
def _small():
    """Images, space and limit of all simulated searches."""
    data = load_data("digits", side=(8, 8), train_images=100)
    space = parse_space(SPACE, "small", "small.toml").at(data.shape, 10)
    return data, space, resolve_budget(parse_budget("15k"), data.shape)


@cache
def settings_of(seed):
    """The settings of the small search."""
    data, space, limit = _small()
    return Settings(space, limit, data, Recipe(epochs=EPOCHS), seed=seed)


@cache
def _kept(seed):
    """The same settings as the study keeps them."""
    return shared(settings_of(seed).to_dict())


def simulate(seed, folder, kind=None, workers=None, goal=None, real_sampler=None):
    """Runs a search to its goal through all its faults.

    Args:
        seed: Decides everything.
        folder: Empty folder for the weights.
        kind: Kind of faults; None: by the seed.
        workers: Number of workers; None: by the seed, 1 to 4.
        goal: Number of trials; None: by the seed.
        real_sampler: Whether the real sampler proposes; None: by the seed, one in eight times.

    Raises:
        BrokenError: A promise is broken.
    """
    random = Random(seed)
    kind = kind or random.choice([each for each in KINDS if each != "none"])
    workers = workers or random.randint(1, 4)
    goal = goal or random.randint(3, 10)
    settings = settings_of(random.randrange(8))
    if real_sampler is None:
        real_sampler = seed % REAL_SAMPLER == 0
    search = Search(
        folder / "study.db",
        Disk(has_sql=seed % REAL_STORAGE == 1),
        settings,
        workers,
        goal,
        None if real_sampler else partial(PlainSampler, settings),
    )
    outcome = Outcome()
    done, is_reached, is_left = 0, False, False  # whether a file may be left that is to go
    with quick_values():
        while not is_reached:
            outcome.starts += 1
            is_last = outcome.starts >= MOST_STARTS
            faults = Faults(random, {} if is_last else KINDS[kind], outcome.struck)
            struck_before = Counter(outcome.struck)
            limit_s = random.uniform(*LIMIT_S) if kind == "stops" and not is_last else None
            search.has_removed = False
            is_ended = _start(search, faults, limit_s)
            if stays(outcome.struck - struck_before):
                is_left = True
            elif search.has_removed:
                is_left = False
            study = search.disk.study()
            if study is not None and SETTINGS_KEY in study.user_attrs:
                record = record_of(study, search.path)
                outcome.checks += check(record, search.path, done)
                if not is_left:
                    outcome.checks += check_checkpoints(study, search.path, workers)
                done = record.done
                # All that ends before its goal is stopped by time, or has no other network.
                is_reached = is_ended and not untested(record) and (done >= goal or not limit_s)
            rot(search.path, faults)
        outcome.checks += check_end(study, record, goal, search.ended)
        if not stays(outcome.struck - struck_before):
            outcome.checks += check_no_more(study, record)
    counted = [t for t in record.trials if t.state in ("complete", "pruned")]
    outcome.ended = tuple((t.network, t.state, t.val_error) for t in counted)
    return outcome


def _start(search, faults, limit_s):
    """One start of the search; returns whether it came to its own end."""
    clock = Clock()
    try:
        with (
            replaced(*_seams(search, faults, clock)),
            wall_clock(faults),
            faulty_files(search.path.parent, faults),
        ):
            return _search(search, faults, clock, limit_s)
    except (KilledError, SQLAlchemyError, StorageInternalError):
        return False
    except NasTcError as error:
        known = ("in a row", "No space left", "Read-only file system")
        if not any(each in str(error) for each in known):
            raise BrokenError(f"the search ended with: {error}") from error
        return False


def _seams(search, faults, clock):
    """What takes the place of Ray, the clocks and, for most seeds, the sampler."""
    trainings = Trainings(Checkpoints(search.path), search.ended)
    nodes = min(2, search.workers)
    ray = SimulatedRay(nodes, -(-search.workers // nodes), faults, clock, trainings)
    yield pool, "ray", ray
    yield cluster_capacity, "ray", ray
    yield pool, "start_ray", lambda *_: True
    yield pool, "Deadlines", partial(Deadlines, clock=clock)
    yield sole_writer, "_WAIT_S", 0
    yield network_sampler, "Feasible", _counted
    if search.sampler is not None:
        yield proposals, "network_sampler", search.sampler


def _search(search, faults, clock, limit_s):
    """What `nas_tc.search` does with a study; returns whether it was not interrupted."""

    class Stops:
        """Ctrl-C, at any step."""

        def check(self):
            if faults.happens("stop", "step"):
                raise KeyboardInterrupt

    settings, path = search.settings, search.path
    stop = None if limit_s is None else StopTime(limit_s, clock)
    with lock_study(path):
        check_sole_writer(path, faults)
        study = optuna.create_study(
            storage=search.disk.storage(faults),
            study_name="nas-tc",
            sampler=NO_SAMPLER,
            load_if_exists=True,
        )
        if SETTINGS_KEY not in study.user_attrs:
            study.set_user_attr(SETTINGS_KEY, _kept(settings.seed))
        requeue_running(study)
        try:
            with pool.Pool(
                settings.data,
                settings.recipe,
                device="cpu",
                workers=search.workers,
                trial_timeout_s=TIMEOUT_S,
            ) as workers:
                session = Session(study, path, workers, NullListener(), Stops())
                driving = driver.Driver(session, settings, search.goal, stop=stop)
                search.has_removed = True
                driving.run()
                # Not `restore_weights`: it would hide that a fault has lost some.
                measure_front(session)
        except KeyboardInterrupt:
            requeue_running(study)
            return False
        return True


@cache
def _counted(space, least, most):
    """The count and the list of a space, the same for all searches; they take longer than one."""
    found = Feasible(space, least, most)
    found.all = cache(found.all)
    return found
