"""The loop that keeps workers busy, with workers that answer in the order of their jobs."""

from collections import deque

import pytest

from nas_tc.search.jobs import run_jobs, wait_for_answer


class Workers:
    """Workers that answer at once; `None` in `silent` stands for a wait without an answer."""

    def __init__(self, size, silent=()):
        self.idle, self.busy, self.most = size, 0, 0
        self.running, self.silent = deque(), deque(silent)

    def begin(self, key):
        self.idle, self.busy = self.idle - 1, self.busy + 1
        self.most = max(self.most, self.busy)
        self.running.append(key)

    def release(self):
        self.idle, self.busy = self.idle + 1, self.busy - 1

    def next_result(self, timeout_s):
        assert timeout_s > 0
        if self.silent:
            return self.silent.popleft()
        key = self.running.popleft()
        return key, f"answer {key}"


def run(workers, jobs, check=lambda: None, **options):
    waiting, answers = deque(jobs), []

    def begin_next():
        if not waiting:
            return False
        workers.begin(waiting.popleft())
        return True

    def handle(key, answer):
        answers.append((key, answer))
        workers.release()

    run_jobs(workers, check, begin_next, handle, **options)
    return answers


@pytest.mark.parametrize("size", [1, 2, 9])
def test_every_job_is_answered_and_no_worker_stays_idle(size):
    workers = Workers(size)
    assert run(workers, range(5)) == [(key, f"answer {key}") for key in range(5)]
    assert workers.most == min(size, 5)
    assert (workers.idle, workers.busy) == (size, 0)


def test_without_jobs_nobody_is_asked():
    assert run(Workers(2), []) == []


def test_a_wait_without_an_answer_goes_round_again():
    ticks = []
    assert run(Workers(1, silent=[None, None]), [7], tick=lambda: ticks.append(1)) == [
        (7, "answer 7")
    ]
    assert len(ticks) == 4  # two waits, the answer, and the end


def test_what_the_check_raises_ends_the_loop_between_two_answers():
    checks = iter([None, None, KeyboardInterrupt()])

    def check():
        if error := next(checks):
            raise error

    workers = Workers(2)
    with pytest.raises(KeyboardInterrupt):
        run(workers, range(9), check)
    assert workers.busy == 1  # one answer was handled, the other job was still running


def test_the_answer_of_the_only_job_is_waited_for():
    answers = deque([None, None, ("key", "answer")])
    checks = []
    assert wait_for_answer(lambda _: answers.popleft(), lambda: checks.append(1)) == "answer"
    assert len(checks) == 3
