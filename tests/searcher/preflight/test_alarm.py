import signal
import threading
import time

import pytest

from searcher.preflight.alarm import TooSlowError, at_most


def work_for(seconds: float) -> None:
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass


def test_what_takes_too_much_of_the_cpu_is_given_up() -> None:
    with pytest.raises(TooSlowError, match=r"more than 0\.05 s of CPU"), at_most(0.05):
        work_for(30)


def test_what_waits_too_long_is_given_up() -> None:
    with pytest.raises(TooSlowError, match=r"more than 0\.2 s by the clock"), at_most(0.02):
        time.sleep(30)


def test_time_that_other_programs_take_is_no_reason_to_give_up() -> None:
    with at_most(0.3):
        time.sleep(0.6)


def test_an_alarm_of_somebody_else_still_rings_when_it_would_have() -> None:
    theirs = signal.getsignal(signal.SIGALRM), signal.getsignal(signal.SIGPROF)
    before = signal.getitimer(signal.ITIMER_REAL)[0]  # of the test's own timeout, if there is one

    with at_most(1.0):
        time.sleep(0.02)

    assert (signal.getsignal(signal.SIGALRM), signal.getsignal(signal.SIGPROF)) == theirs
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
