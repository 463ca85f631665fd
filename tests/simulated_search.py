"""A search in simulation: the real driver and sampler, with workers, storage and files that fail.

A seed decides everything: how long workers take, in which order they answer, and which faults
happen where (`simulated_faults.py`). The search is started again until it reaches its goal, and
`check` looks at the study after each end.
"""

from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from hashlib import blake2b
from random import Random
from unittest.mock import patch

import optuna
from optuna.trial import TrialState
from simulated_faults import Faults, FaultyStorage, KilledError, faulty_files

from nas_tc.budget import parse_budget, resolve_budget
from nas_tc.data import load_data
from nas_tc.errors import NasTcError
from nas_tc.metric import Confusion, Metric
from nas_tc.recipe import Recipe
from nas_tc.search import NullListener
from nas_tc.search.driver import Driver
from nas_tc.search.front_errors import measure_front, untested
from nas_tc.search.pool import FailedError, LostError
from nas_tc.search.session import Session
from nas_tc.search.settings import Settings
from nas_tc.search.stop_time import StopTime
from nas_tc.space import Feasible, parse_space
from nas_tc.study.attributes import SETTINGS_KEY
from nas_tc.study.checkpoints import Checkpoints
from nas_tc.study.files import weights_file, weights_folder
from nas_tc.study.record import record_of
from nas_tc.study.storage import requeue_running
from nas_tc.training import Rung
from nas_tc.worker import TrainingResult

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
EPOCHS = 4
RUNGS = (1, 2, 4)
MOST_STARTS = 60  # of one search, the last of them without faults


class BrokenError(AssertionError):
    """Something that a search promises does not hold."""


class Clock:
    """Seconds of a simulated clock that never goes back."""

    now = 0.0

    def __call__(self):
        return self.now


class SimulatedPool:
    """Workers that train nothing: an error depends on the network and the seed alone.

    Args:
        size: Number of workers.
        faults: What goes wrong.
        clock: Goes on with each answer.
        trained: Counts the trainings that have ended, by network.
        checkpoints: Checkpoints beside the study.
    """

    metric = Metric.ERROR

    def __init__(self, size, faults, clock, trained, checkpoints):
        self.size = size
        self._checkpoints = checkpoints
        self._faults, self._clock, self._trained = faults, clock, trained
        self._idle = size
        self._jobs = {}  # by trial: what it is, network, seed, epochs so far
        self._calls = {}  # by trial: seconds at which its worker answers
        self._resumes = {}  # by trial: whether the next answer is the first after a checkpoint

    @property
    def idle(self):
        return self._idle

    @property
    def busy(self):
        return len(self._jobs)

    def begin(self, key, architecture, seed, state):
        self._resumes[key] = state is not None
        self._start(key, ["train", architecture, seed, self._resumed(architecture, seed, state)])

    def _resumed(self, architecture, seed, state):
        """Epochs of the state; a whole checkpoint that is there must be used."""
        file = self._checkpoints.file(architecture, seed)
        if state is None:
            if is_whole(file):
                raise BrokenError(f"{file.name} is whole, and its training begins anew")
            return 0
        epochs = state[-1]
        if state != state_of(architecture, seed, epochs):
            raise BrokenError(f"a training of {architecture.id} goes on from another state")
        return epochs

    def test(self, key, architecture, weights):
        if weights != weights_of(architecture):
            raise BrokenError(f"trial {key} has weights of another network, or half of its own")
        self._start(key, ["test", architecture, 0, 0])

    def _start(self, key, job):
        if not self._idle:
            raise BrokenError("a network was given to a worker that is busy")
        self._idle -= 1
        self._jobs[key] = job
        self.advance(key)

    def advance(self, key):
        self._calls[key] = self._clock.now + self._faults.random.uniform(0.5, 20.0)

    def release(self, key):
        del self._jobs[key]
        self._calls.pop(key, None)
        self._idle += 1

    drop = release

    def next_result(self, timeout_s):
        key = min(self._calls, key=self._calls.__getitem__)
        if self._calls[key] > self._clock.now + timeout_s:
            self._clock.now += timeout_s
            if self._faults.happens("late", "answer"):  # the clock of the machine jumps
                self._clock.now += 1000.0
            return None
        self._clock.now = max(self._clock.now, self._calls.pop(key))
        if self._faults.happens("lost", "worker"):
            return key, LostError("the worker died")
        what, network, seed, epochs = self._jobs[key]
        if what == "test":
            return key, Confusion(10, ((0, 0, 3), (1, 0, 1)), 0)
        if self._faults.happens("failed", "worker"):
            return key, FailedError("ValueError: odd")
        if self._faults.happens("diverged", "worker"):
            return key, TrainingResult(diverged="the loss is nan")
        earlier = ()
        if self._resumes.pop(key, False):
            earlier = tuple(rung_of(network, seed, each) for each in RUNGS if each <= epochs)
        epochs = self._jobs[key][3] = min(EPOCHS, 2 * epochs or 1)
        rung = rung_of(network, seed, epochs)
        if epochs < EPOCHS:
            state = state_of(network, seed, epochs)
            return key, TrainingResult(rung, state=state, earlier=earlier)
        self._trained[network.id] += 1
        return key, TrainingResult(rung, weights_of(network), earlier=earlier)


def rung_of(network, seed, epochs):
    """The errors and times of a training after some epochs."""
    error = error_of(network, seed, epochs)
    return Rung(epochs, error, 1.0, 0.5, 4 * error)


def state_of(network, seed, epochs):
    """Bytes that are told from the states of all other trainings and rungs."""
    return f"{network.id} {seed} ".encode() + bytes([epochs])


def is_whole(checkpoint):
    """Whether the file of a checkpoint is there, as it was written."""
    kept = checkpoint.read_bytes() if checkpoint.is_file() else b""
    return kept[:16] == blake2b(kept[16:], digest_size=16).digest()


def error_of(network, seed, epochs):
    """Error after some epochs, 0 to 1: less with more epochs, and some luck of the training."""
    digest = blake2b(f"{network.id} {seed}".encode(), digest_size=4).digest()
    luck = int.from_bytes(digest) / 2**32
    return 0.1 + 0.4 / epochs + 0.3 * luck


def weights_of(network):
    """Bytes that are told from those of every other network."""
    return network.id.encode() * 4


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


@cache
def settings_of(seed):
    """The settings of the small search."""
    data = load_data("digits", side=(8, 8))
    space = parse_space(SPACE, "small", "small.toml").at(data.shape, 10)
    limit = resolve_budget(parse_budget("15k"), data.shape)
    return Settings(space, limit, data, Recipe(epochs=EPOCHS), seed=seed)


KINDS = {  # rates of faults
    "none": {},
    "kills": {"kill": 0.004},
    "disk": {"full": 0.004, "kill": 0.001},
    "stops": {"stop": 0.03, "kill": 0.001},
    "workers": {
        "rot": 0.1,
        "lost": 0.08,
        "failed": 0.02,
        "diverged": 0.05,
        "late": 0.05,
        "kill": 0.002,
    },
    "all": {
        "kill": 0.002,
        "full": 0.002,
        "stop": 0.01,
        "lost": 0.05,
        "failed": 0.01,
        "diverged": 0.03,
        "late": 0.02,
        "rot": 0.1,
    },
}


def simulate(seed, folder, kind=None, workers=None, goal=None):
    """Runs a search to its goal through all its faults.

    Args:
        seed: Decides everything.
        folder: Empty folder for the weights.
        kind: Kind of faults; None: by the seed.
        workers: Number of workers; None: by the seed, 1 to 4.
        goal: Number of trials; None: by the seed.

    Raises:
        BrokenError: A promise is broken.
    """
    random = Random(seed)
    kind = kind or random.choice([each for each in KINDS if each != "none"])
    workers = workers or random.randint(1, 4)
    goal = goal or random.randint(3, 10)
    search_seed = random.randrange(8)
    path = folder / "study.db"
    storage = FaultyStorage()
    settings = settings_of(search_seed)
    trained = Counter()
    outcome = Outcome()
    done = 0
    while True:
        outcome.starts += 1
        is_last = outcome.starts >= MOST_STARTS
        faults = Faults(random, {} if is_last else KINDS[kind], outcome.struck)
        storage.faults = faults
        struck_before = Counter(outcome.struck)
        limit_s = random.uniform(10, 400) if kind == "stops" and not is_last else None
        reached = _start(path, storage, settings, workers, goal, faults, limit_s, trained)
        storage.faults = None
        study = (
            optuna.load_study(study_name="nas-tc", storage=storage) if _exists(storage) else None
        )
        if study is not None and SETTINGS_KEY in study.user_attrs:
            record = record_of(study, path)
            outcome.checks += check(record, path, done)
            if not stays(outcome.struck - struck_before):
                check_checkpoints(study, path, workers)
            done = record.done
        rot(path, faults)
        if reached:
            break
    _check_end(study, record, goal, trained)
    if not stays(faults.struck - struck_before):
        check_checkpoints(study, path, 0)
    outcome.checks += 1
    counted = [t for t in record.trials if t.state in ("complete", "pruned")]
    outcome.ended = tuple((t.network, t.state, t.val_error) for t in counted)
    return outcome


def _start(path, storage, settings, workers, goal, faults, limit_s, trained):
    """One start of the search; returns whether it reached its end."""
    clock = Clock()

    class Stops:
        """Ctrl-C, at any step."""

        def check(self):
            if faults.happens("stop", "step"):
                raise KeyboardInterrupt

    try:
        with faulty_files(path.parent, faults):
            study = optuna.create_study(storage=storage, study_name="nas-tc", load_if_exists=True)
            if SETTINGS_KEY not in study.user_attrs:
                study.set_user_attr(SETTINGS_KEY, settings.to_dict())
            requeue_running(study)
            pool = SimulatedPool(workers, faults, clock, trained, Checkpoints(path))
            session = Session(study, path, pool, NullListener(), Stops())
            stop = None if limit_s is None else StopTime(limit_s, clock)
            try:
                with patch("nas_tc.search.network_sampler.Feasible", _counted):
                    driver = Driver(session, settings, goal, stop=stop)
                driver.run()
                measure_front(session)
            except KeyboardInterrupt:
                requeue_running(study)
                return False
            record = record_of(study, path)
            return not untested(record) and (record.done >= goal or driver._exhausted)
    except (KilledError, OSError):
        return False
    except NasTcError as error:
        if "in a row" not in str(error) and "No space left" not in str(error):
            raise BrokenError(f"the search ended with: {error}") from error
        return False


@cache
def _counted(space, least, most):
    """The count of the space, which is the same for all searches and takes longer than they do."""
    return Feasible(space, least, most)


def _exists(storage):
    return any(each.study_name == "nas-tc" for each in storage.get_all_studies())


def check(record, path, done_before):
    """What must hold whenever a search has ended, however it did; returns the number of checks.

    Args:
        record: Record of the study.
        path: Path of the study file.
        done_before: Trials that were done when the search before ended.
    """
    if record.done < done_before:
        raise BrokenError(f"{done_before} trials were done, {record.done} are")
    for trial in record.front:
        file = weights_file(path, trial.number)
        if not file.is_file():
            raise BrokenError(f"trial {trial.number} of the front has no weights")
        if file.read_bytes() != weights_of(trial.architecture):
            raise BrokenError(f"the weights of trial {trial.number} are not whole")
    for trial in record.trained:
        if trial.baseline is None and tuple(trial.val_errors) != RUNGS:
            raise BrokenError(f"trial {trial.number} is complete after {[*trial.val_errors]}")
    return 2 + 2 * len(record.front)


def stays(struck):
    """Whether one of these faults kept a file from being removed, which the next start does."""
    return any(place == "unlink" for _, place in struck)


def check_checkpoints(study, path, workers):
    """No more of them are there than networks in flight and queued, so the disk does not fill."""
    waiting = len(study.get_trials(deepcopy=False, states=(TrialState.WAITING,)))
    kept = [file.name for file in Checkpoints(path).folder.glob("*.rung")]
    if len(kept) > workers + waiting:
        raise BrokenError(f"{len(kept)} checkpoints for {waiting} queued networks: {kept}")


def rot(path, faults):
    """Some checkpoints are damaged or lost between two starts."""
    for file in sorted(Checkpoints(path).folder.glob("*.rung")):
        if faults.happens("rot", "checkpoint"):
            file.write_bytes(file.read_bytes()[: faults.random.randrange(40)])
        elif faults.happens("rot", "folder"):
            file.unlink()


def _check_end(study, record, goal, trained):
    """What must hold when the search has reached its goal."""
    states = Counter(trial.state for trial in study.get_trials(deepcopy=False))
    if states[TrialState.RUNNING]:
        raise BrokenError(f"{states[TrialState.RUNNING]} trials are running after the end")
    if record.done > goal:
        raise BrokenError(f"{record.done} trials are done of {goal}")
    complete = Counter(trial.architecture.id for trial in record.trained)
    for network, times in complete.items():
        if trained[network] < times:
            raise BrokenError(f"{network} is complete {times} times, trained {trained[network]}")
    kept = {file.name for file in weights_folder(record.path).glob("*.safetensors")}
    numbers = {weights_file(record.path, trial.number).name for trial in record.trained}
    if kept - numbers:
        raise BrokenError(f"weights of no trial are left: {sorted(kept - numbers)}")
