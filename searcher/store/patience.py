"""How long who reads a store waits for one that is away."""

from collections.abc import Callable
from time import monotonic, sleep
from typing import TypeVar

from searcher.errors import StoreError
from searcher.store.troubles import backoff, is_passing
from searcher.store.writer import PATIENCE_S

Answer = TypeVar("Answer")


def patiently(
    read: Callable[[], Answer],
    *,
    before: Callable[[], None] = lambda: None,
    patience_s: float = PATIENCE_S,
) -> Answer:
    """Do something that reads the store, again as long as that is away.

    Parameters
    ----------
    before
        Done before every attempt.
    patience_s
        Seconds after which no further attempt is made.

    Raises
    ------
    StoreError
        If what is wrong does not pass by itself, or has not in time.
    """
    until, pauses = monotonic() + patience_s, backoff()
    while True:
        before()
        try:
            return read()
        except StoreError as error:
            passes = error.__cause__ is not None and is_passing(error.__cause__)
            if not passes or monotonic() >= until:
                raise
        sleep(next(pauses))
