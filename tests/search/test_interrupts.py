"""Ctrl-C that waits until it may be obeyed."""

import os
import signal
import threading

import pytest

from nas_tc.search.interrupts import Interrupts


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_waits_for_the_check(number, heeds_ctrl_c):
    before = signal.getsignal(number)
    done = []
    with Interrupts() as interrupts:
        interrupts.check()
        os.kill(os.getpid(), number)
        done.append("the step")
        with pytest.raises(KeyboardInterrupt):
            interrupts.check()
        interrupts.check()  # asked once, raised once
    assert done
    assert signal.getsignal(number) is before


def test_many_signals_are_one(heeds_ctrl_c):
    with Interrupts() as interrupts:
        for _ in range(5):
            os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            interrupts.check()


def test_a_signal_that_comes_much_later_does_not_wait(heeds_ctrl_c, monkeypatch):
    monkeypatch.setattr("nas_tc.search.interrupts._PATIENCE_S", -1.0)
    with Interrupts():
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_what_is_ignored_stays_ignored(heeds_ctrl_c):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with Interrupts() as interrupts:
        os.kill(os.getpid(), signal.SIGINT)
        interrupts.check()
    assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN


def test_in_another_thread_it_does_nothing():
    before = signal.getsignal(signal.SIGINT)
    seen = []

    def work():
        with Interrupts() as interrupts:
            interrupts.check()
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]
