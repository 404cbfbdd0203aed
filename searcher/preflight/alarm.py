"""How work is given up after a time: libraries' converters have no limit of their own."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import NoReturn

PATIENCE = 10
"""Seconds by the clock for each second of CPU: on a busy machine the same things are tried as on a
calm one, and what waits for ever is given up all the same."""


class TooSlowError(BaseException):
    """The work took longer than it was given; never leaves this package.

    No ``Exception``: whoever wraps what a converter raises must let it pass.
    """


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Raise ``TooSlowError`` inside the block once this process has spent so much CPU in it.

    Or ten times as long by the clock. Only in the main thread, where Python delivers signals;
    elsewhere the block takes what it takes. An alarm that somebody else has set rings when it would
    have, or at the end of the block.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    with ExitStack() as alarms:
        alarms.enter_context(_alarm(signal.ITIMER_REAL, PATIENCE * seconds, " by the clock"))
        alarms.enter_context(_alarm(signal.ITIMER_PROF, seconds, " of CPU"))
        yield


@contextmanager
def _alarm(timer: int, seconds: float, of_what: str) -> Iterator[None]:
    """Raise in the block when one of the process's timers has run so long."""

    def ring(*_: object) -> NoReturn:
        raise TooSlowError(f"it took more than {seconds:g} s{of_what}")

    is_real = timer == signal.ITIMER_REAL
    number = signal.SIGALRM if is_real else signal.SIGPROF
    clock = time.monotonic if is_real else time.process_time
    handler = signal.signal(number, ring)
    started = clock()
    theirs, interval = signal.setitimer(timer, seconds)
    try:
        yield
    finally:
        signal.setitimer(timer, 0)
        signal.signal(number, handler)
        if theirs:
            signal.setitimer(timer, max(theirs - (clock() - started), 0.001), interval)
