"""How work is given up after a time: libraries' converters have no limit of their own."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn


class TooSlowError(BaseException):
    """The work took longer than it was given; never leaves this package.

    No ``Exception``: whoever wraps what a converter raises must let it pass.
    """


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Raise ``TooSlowError`` inside the block once so many seconds have passed.

    Only in the main thread, where Python delivers signals; elsewhere the block takes what it takes.
    An alarm that somebody else has set rings when it would have, or at the end of the block.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(*_: object) -> NoReturn:
        raise TooSlowError(f"it took more than {seconds:g} s")

    handler = signal.signal(signal.SIGALRM, ring)
    started = time.monotonic()
    theirs, interval = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        if theirs:
            left = theirs - (time.monotonic() - started)
            signal.setitimer(signal.ITIMER_REAL, max(left, 0.001), interval)
