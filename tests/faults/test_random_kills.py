"""One search that is killed at 20 moments, from its first second to its report, and goes on."""

import os
import signal
import sqlite3
import sys
import time
from contextlib import closing, suppress
from pathlib import Path
from random import Random

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from real_search import RealSearch

from nas_tc.study import read_study, weights_file
from tiny_search import TINY

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc"),
]

TRIALS = 14
OPTIONS = (
    *("--space", "tiny.toml", "--budget", "400k", "--trials", TRIALS, "--epochs", 16),
    *("--out", "report"),
)
# What each kill waits for; a random moment follows. Each kind is spread over the search.
MOMENTS = (
    *("command", "training", "gcs_server", "training", "study", "training", "raylet/raylet"),
    *("training", "ray::", "training", "command", "training", "ray::", "training", "command"),
    *("test", "test", "report", "report", "report"),
)
LONGEST_S = {"command": 8.0, "training": 1.0, "test": 0.1, "report": 0.1}  # of the random moment
FINISHED = "SELECT COUNT(*) FROM trials WHERE state IN ('COMPLETE', 'PRUNED')"
TESTED = "SELECT COUNT(*) FROM study_user_attributes WHERE key LIKE 'test_confusion_%'"


class KilledSearch(RealSearch):
    """A search that is watched from outside, by its files and its processes."""

    def __init__(self, folder):
        super().__init__(folder, *OPTIONS)
        self.began, self.tested = time.time(), self.counted(TESTED)

    def counted(self, query):
        """What a query of the study counts; 0 where there is no study yet."""
        try:
            where = f"file:{self.folder}/study.db?mode=ro"
            with closing(sqlite3.connect(where, uri=True, timeout=60)) as study:
                return study.execute(query).fetchone()[0]
        except sqlite3.OperationalError:
            return 0

    def has_come_to(self, moment):
        """Whether the search does what a kill waits for."""
        if moment == "command":
            return True
        if moment == "study":
            return any(line.startswith(("study: ", "resuming ")) for line in self.out)
        if moment == "training":
            rungs = (self.folder / "study" / "rungs").glob("*.rung")
            return any(written(file) > self.began for file in rungs)
        if moment == "test":
            return self.counted(TESTED) > self.tested or self.has_come_to("report")
        if moment == "report":
            files = list((self.folder / "report").glob("*"))
            return any(written(file) > self.began for file in files)
        return bool(self.processes(moment))

    def kill_at(self, moment, random):
        """Kills the driver alone, or every process group, at a random time behind a moment."""
        wait_s = random.uniform(0.0, LONGEST_S.get(moment, 1.0))
        is_alone, end = random.random() < 0.5, time.monotonic() + 600
        while not self.has_come_to(moment):
            # A quick machine may have trained and tested all before.
            is_over = moment == "training" and self.counted(FINISHED) == TRIALS
            assert self.process.poll() is None, (moment, self.out, self.errors)
            assert time.monotonic() < end, (moment, self.out, self.errors)
            if is_over:
                break
            time.sleep(0.01)
        time.sleep(wait_s)
        driver = self.driver
        if driver is not None and is_alone:
            os.kill(driver, signal.SIGKILL)
            code, _, errors, _ = self.end()
            assert code == 128 + signal.SIGKILL, (moment, code, errors)
            assert "run the same command again: it goes on" in errors
        else:
            for group in {self.process.pid, driver} - {None}:
                with suppress(ProcessLookupError):  # a driver that has no group of its own yet
                    os.killpg(group, signal.SIGKILL)
            code, _, errors, _ = self.end()
            assert code == -signal.SIGKILL, (moment, code, errors)
        assert "Traceback" not in errors


def written(file):
    """When a file was written, seconds; 0 if it is gone by now."""
    try:
        return file.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def wait_for_all(running, within_s=120):
    """Waits until no process of a search is left."""
    end = time.monotonic() + within_s
    while left := running.session():
        assert time.monotonic() < end, left
        time.sleep(0.1)


def results(record):
    """What a search has found, without the numbers of trials, of which each kill may add one."""
    return [(trial.state, trial.network, dict(trial.val_errors)) for trial in record.trained]


def front(record):
    """The front with its test errors and the bytes of its weights."""
    return [
        (trial.network, trial.test_error, weights_file(record.path, trial.number).read_bytes())
        for trial in record.front
    ]


@pytest.fixture
def start():
    """Starts a search; none is left when the test is over."""
    started = []

    def run(folder):
        started.append(KilledSearch(folder))
        return started[-1]

    yield run
    for each in started:
        if each.process.poll() is None:
            each.kill()


@pytest.mark.timeout(3600)  # 22 starts of Ray, on a busy machine
def test_a_search_that_is_killed_20_times_ends_as_if_it_had_not_been(start, tmp_path):
    """With one worker a search proposes the same networks, which train to the same bits."""
    random, before, kept = Random(16), [], []
    killed, undisturbed = tmp_path / "killed", tmp_path / "undisturbed"
    for folder in (killed, undisturbed):
        folder.mkdir()
        (folder / "tiny.toml").write_text(TINY)
    assert len(MOMENTS) == 20
    for moment in MOMENTS:
        running = start(killed)
        running.kill_at(moment, random)
        wait_for_all(running)
        kept += [line for line in running.out if "goes on after epoch" in line]
        assert not [line for line in running.out if "begins anew" in line]
        if (killed / "study.db").exists():
            after = results(read_study(killed / "study.db"))
            assert after[: len(before)] == before
            before = after
    last = start(killed)
    code, out, errors, _ = last.end(within_s=600)
    assert (code, errors) == (0, "")
    assert "report: " in out
    wait_for_all(last)
    code, _, errors, _ = start(undisturbed).end(within_s=600)
    assert (code, errors) == (0, "")

    record, expected = (read_study(each / "study.db") for each in (killed, undisturbed))
    assert record.done == expected.done == TRIALS
    assert record.states.keys() <= {"complete", "pruned", "failed"}
    assert results(record) == results(expected)
    assert front(record) == front(expected)
    assert kept  # kills in a training cost a rung, not the training
    assert not (killed / "study" / "rungs").exists()
    names = [{file.name for file in (each / "report").iterdir()} for each in (killed, undisturbed)]
    assert {name for name in names[0] if not name.endswith(".partial")} == names[1]
