import signal
import threading
import time

import pytest

from searcher.preflight.alarm import TooSlowError, at_most


def test_what_takes_too_long_is_given_up() -> None:
    started = time.monotonic()

    with pytest.raises(TooSlowError, match=r"more than 0\.02 s"), at_most(0.02):
        time.sleep(5)

    assert time.monotonic() - started < 1


def test_an_alarm_of_somebody_else_still_rings_when_it_would_have() -> None:
    theirs = signal.getsignal(signal.SIGALRM)
    before = signal.getitimer(signal.ITIMER_REAL)[0]  # of the test's own timeout, if there is one

    with at_most(1.0):
        time.sleep(0.02)

    assert signal.getsignal(signal.SIGALRM) is theirs
    after = signal.getitimer(signal.ITIMER_REAL)[0]
    assert (after == 0.0) if not before else (before - 1 < after < before)


def test_other_threads_take_what_they_take() -> None:
    done = []

    def work() -> None:
        with at_most(0.001):
            time.sleep(0.02)
        done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert done
