"""How a library's ``fit`` is made to wait between two rounds, and to go on when it is told."""

import threading
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any


class _AbandonedError(Exception):
    """Ends a fit that nobody waits for any more; it never leaves the fit's thread."""


class Turns:
    """What a fit and whoever advances it share: one of the two runs, the other waits.

    Attributes
    ----------
    rounds
        Rounds of this fit that are trained.
    model
        The library's booster in training, from when the first round is due.
    """

    def __init__(self) -> None:
        self.rounds, self.model = 0, None
        self._until, self._is_abandoned = 0, False
        self._go, self._back = threading.Semaphore(0), threading.Semaphore(0)

    def before_round(self, model: Any) -> None:
        """Wait until a further round is asked for; called by the fit before each of its rounds."""
        self.model = model
        if self.rounds >= self._until:
            self._back.release()
            self._go.acquire()
        if self._is_abandoned:
            raise _AbandonedError
        self.rounds += 1

    def ended(self) -> None:
        """Tell whoever waits that there will be no further round."""
        self._back.release()

    def until(self, rounds: int) -> None:
        """Let the fit train until it has so many rounds, or ends; wait for that."""
        self._until = rounds
        self._go.release()
        self._back.acquire()

    def begun(self) -> None:
        """Wait until the first round is due."""
        self._back.acquire()

    def abandon(self) -> None:
        """Let the fit end without a further round."""
        self._is_abandoned = True
        self._go.release()


class WaitingFit:
    """A fit that waits before its first round, and then wherever it is told to.

    It runs in a thread of its own, though never at the same time as what advances it. XGBoost (3.2,
    ``src/common/random.h``) keeps one random state for each thread: fits that take turns in one
    thread draw each other's numbers, and no longer grow the trees of a ``fit``.

    A fit that is no longer referred to ends.

    Parameters
    ----------
    fit
        Calls ``turns.before_round`` before each round; must not refer to this object.
    turns
        Fresh.

    Raises
    ------
    Exception
        Whatever ``fit`` raises; so does ``run``.
    """

    def __init__(self, fit: Callable[[], Any], turns: Turns) -> None:
        self._turns, self._ended = turns, Future[Any]()
        end = weakref.finalize(self, turns.abandon)
        end.atexit = False  # then the thread dies where it waits
        arguments = (fit, self._ended, turns)
        threading.Thread(target=_fit, args=arguments, daemon=True).start()
        turns.begun()
        self._raise()

    @property
    def has_ended(self) -> bool:
        """Whether the fit has trained all its rounds, or found that more are no use."""
        return self._ended.done()

    def run(self, rounds: int) -> None:
        """Train until so many rounds of this fit are trained, or it ends."""
        if self._turns.rounds < rounds and not self.has_ended:
            self._turns.until(rounds)
            self._raise()

    def _raise(self) -> None:
        if self.has_ended:
            self._ended.result()


def _fit(fit: Callable[[], Any], ended: "Future[Any]", turns: Turns) -> None:
    try:
        ended.set_result(fit())
    except BaseException as error:  # noqa: BLE001  # raised again in the thread that waits
        ended.set_exception(error)
    turns.ended()
