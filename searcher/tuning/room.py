"""How many trials may run at once, on a cluster that grows and shrinks."""

import time
from collections.abc import Callable


class Room:
    """Asks how many there is room for, again as time goes by.

    It is never less than one: what is proposed then waits for a node, and is what a cluster that
    starts nodes on demand starts one for.

    Parameters
    ----------
    count
        Counts the trials that there is room for.
    every_s
        Seconds that an answer is good for; it is asked for many times a second.
    """

    def __init__(self, count: Callable[[], int], *, every_s: float = 1.0) -> None:
        self._count, self._every_s = count, every_s
        self._asked_at = float("-inf")
        self._known = 1

    def __call__(self) -> int:
        """Trials that may run at once."""
        now = time.monotonic()
        if now - self._asked_at >= self._every_s:
            self._asked_at, self._known = now, max(1, self._count())
        return self._known
