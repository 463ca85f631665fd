"""The clock, and a single thread."""

import time

import torch

from nas_tc.timing import (
    one_thread,
    stopwatch,
)

CPU = torch.device("cpu")


def test_one_thread_and_back():
    before = torch.get_num_threads()
    with one_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == before


def test_the_clock_of_the_processor_gives_milliseconds_of_work_alone():
    def work():
        end = time.thread_time() + 0.002
        while time.thread_time() < end:
            pass

    def held_up():
        work()
        time.sleep(0.02)

    watch = stopwatch(CPU)
    assert watch.time(work, repeats=20, least_s=0).low >= 2.0
    assert 2.0 <= watch.time(held_up, repeats=20, least_s=0).low < 20.0
