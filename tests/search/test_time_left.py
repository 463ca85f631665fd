"""The time that is left: right within a fifth after a quarter of a search, by a scripted clock."""

import heapq
from dataclasses import dataclass
from math import inf
from random import Random
from statistics import median

import pytest

from nas_tc.search.stop_time import StopTime
from nas_tc.search.time_left import TimeLeft

RUNGS = (1, 4, 12)
START_S = 8.0  # until the workers are ready


@dataclass
class Scripted:
    """A search whose trainings take what a random generator says; its clock is scripted.

    Attributes:
        workers: Number of workers.
        goal: Number of trials; None: as many as fit.
        limit_s: Seconds until it has to end; None: no limit.
        pruned: Share of the trials that are stopped at the first rung.
        spread: A whole training takes 10 s, times 1 - spread to 1 + spread.
        rejected: Share of the networks that are timed for a second and rejected.
        proposal_s: Seconds that a worker waits for its next network.
        baselines: Number of known networks, trained first.
        seed: Seed of the generator.
    """

    workers: int = 2
    goal: int | None = 40
    limit_s: float | None = None
    pruned: float = 0.0
    spread: float = 0.3
    rejected: float = 0.0
    proposal_s: float = 0.0
    baselines: int = 2
    seed: int = 0

    def run(self, part=0.25):
        """The estimate nearest after `part` of the search, and what was left in truth."""
        random, self.now = Random(self.seed), 0.0
        left = TimeLeft(self.workers, RUNGS, lambda: self.now)
        stop = None if self.limit_s is None else StopTime(self.limit_s, lambda: self.now)
        events = []  # (time, number, index of the rung), or a rejection
        told = []
        begun = done = number = 0
        idle = [START_S] * self.workers
        running = {}
        while True:
            while idle and (stop is None or stop.allows_another):
                baseline = number < self.baselines
                if not baseline and self.goal is not None and begun >= self.goal:
                    break
                ready = idle.pop()
                left.began(number)
                if stop:
                    stop.began(number)
                whole = 10 * random.uniform(1 - self.spread, 1 + self.spread)
                if not baseline and random.random() < self.rejected:
                    heapq.heappush(events, (ready + 1, number, None))
                else:
                    begun += not baseline
                    stopped = not baseline and random.random() < self.pruned
                    running[number] = (ready, whole, stopped, baseline)
                    heapq.heappush(events, (ready + whole * RUNGS[0] / RUNGS[-1], number, 0))
                number += 1
            to_begin = inf if self.goal is None else self.goal - begun
            told.append((self.now, left.left_s(to_begin, max(0, self.baselines - number), stop)))
            if not events:
                break
            self.now, ended, rung = heapq.heappop(events)
            if rung is None:
                left.ended(ended, counts=False)
                idle.append(self.now + self.proposal_s)
                continue
            ready, whole, stopped, baseline = running[ended]
            left.rung(ended, RUNGS[rung], self.now - ready)
            if stopped or rung == len(RUNGS) - 1:
                left.ended(ended, counts=not baseline)
                if stop and not stopped:
                    stop.ended(ended)
                done += not baseline
                idle.append(self.now + self.proposal_s)
            else:
                end = ready + whole * RUNGS[rung + 1] / RUNGS[-1]
                heapq.heappush(events, (end, ended, rung + 1))
        at, estimate = next(each for each in told if each[0] >= part * self.now)
        return estimate, self.now - at


def errors(searches, part=0.25, **settings):
    """Relative errors of the estimates of searches with different seeds."""
    found = [Scripted(seed=seed, **settings).run(part) for seed in range(searches)]
    return [estimate / truth - 1 for estimate, truth in found]


@pytest.mark.parametrize("part", [0.25, 0.5])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"workers": 1, "goal": 60},
        {"workers": 8, "goal": 60},
        {"workers": 16, "goal": 64},  # no trial has ended after a quarter
        {"baselines": 6, "goal": 80},
        {"proposal_s": 1.0},
        {"rejected": 0.4, "goal": 60},
        {"goal": None, "limit_s": 600.0},
        {"goal": None, "limit_s": 600.0, "workers": 8, "pruned": 0.6},
        {"goal": None, "limit_s": 120.0, "pruned": 0.6},
        {"goal": 40, "limit_s": 120.0},  # whichever comes first
        {"goal": 40, "limit_s": 7200.0},
    ],
    ids=str,
)
def test_after_a_quarter_the_time_left_is_right_within_a_fifth(settings, part):
    assert max(map(abs, errors(20, part, **settings))) <= 0.2


@pytest.mark.parametrize(
    "settings",
    [
        {"pruned": 0.6, "goal": 100},
        {"pruned": 0.6, "workers": 8, "goal": 160, "rejected": 0.3},
        {"pruned": 0.3, "goal": 100, "spread": 0.8},
    ],
    ids=str,
)
def test_where_many_are_pruned_it_is_right_in_general(settings):
    found = errors(40, **settings)
    assert median(map(abs, found)) <= 0.2
    assert abs(median(found)) <= 0.1


def test_nothing_is_known_before_the_first_rung():
    now = 0.0
    left = TimeLeft(2, RUNGS, lambda: now)
    assert left.left_s(40) is None
    left.began(0)
    assert left.left_s(40) is None
    now = 9.0
    left.rung(0, 1, 1.0)
    assert left.left_s(40) > 0
    assert left.left_s(inf) is None  # as many as fit, and no clock


def test_earlier_runs_count():
    left = TimeLeft(1, (1,), lambda: 0.0)
    left.knows(1, 7.0)
    assert left.left_s(3) == pytest.approx(21)


def test_reruns_and_tests_take_their_time():
    left = TimeLeft(2, (1,), lambda: 0.0)
    left.knows(1, 10.0)
    assert left.left_s(4, whole=4) - left.left_s(4) == pytest.approx(20)
    assert left.left_s(4, test_s=6.0) - left.left_s(4) == pytest.approx(3)


def test_a_training_that_goes_on_from_an_earlier_run_counts_whole():
    now = 0.0
    left = TimeLeft(1, (1, 4), lambda: now)
    left.began(0)
    now = 30.0
    left.rung(0, 4, 40.0)  # ten of these seconds were in the earlier run
    left.ended(0)
    assert left.whole_s == pytest.approx(40)
