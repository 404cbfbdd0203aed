"""One call on all ranks at once: whoever fails, nobody waits for what never comes.

A rank that fails leaves the others waiting in their next collective operation, and gloo (torch
2.13) has no way to break that off: ``abort`` and ``shutdown`` leave the connections open
(pytorch issue 130345, open). What does close them is the end of a process. So the other ranks are
given a moment to end the call by themselves, and then their processes are ended.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from cluster.ranks.errors import RankDiedError
from cluster.ranks.meeting import is_lost_contact

GRACE_S = 1.0
"""Seconds between the first failure and the end of the ranks that are still at it: enough for all
to raise the same error in the same step, in which case they stay warm."""
EVERY_S = 0.1


def call_together(
    own: Callable[[], Any], calls: Mapping[Any, int], end_others: Callable[[], None]
) -> list[Any]:
    """Do rank 0's part here while the others do theirs; return all answers in rank order.

    Parameters
    ----------
    own
        What rank 0 does, in this thread.
    calls
        Ray's references to what the other ranks are doing, with their numbers.
    end_others
        Ends the processes of the other ranks; called from any thread.

    Raises
    ------
    RankDiedError
        A rank died or could not be reached.
    Exception
        What the function raised on the rank that failed first.
    """
    progress = _Progress(len(calls) + 1)
    with ThreadPoolExecutor(1, thread_name_prefix="ranks") as executor:
        following = executor.submit(_follow, calls, progress, end_others)
        try:
            progress.do(0, own)
            following.result()
        except BaseException as error:  # Ctrl-C, or a signal's exception while others finish
            progress.failed(0, error)
            end_others()
            raise
    return progress.answers()


def _follow(
    calls: Mapping[Any, int], progress: "_Progress", end_others: Callable[[], None]
) -> None:
    """Note how each call ends; end the others when one has failed and they go on."""
    import ray

    pending = dict(calls)
    while not progress.is_complete:
        if progress.failing_s > GRACE_S:
            progress.ended = tuple(pending.values())
            end_others()
            return
        if not pending:
            progress.first_is_done.wait(EVERY_S)
            continue
        ready, _ = ray.wait(list(pending), num_returns=1, timeout=EVERY_S)
        for reference in ready:
            progress.do(pending.pop(reference), partial(_fetch, reference))


def _fetch(reference: Any) -> Any:
    """Get an answer; raise the function's own error, or _Death for that of its process."""
    import ray

    try:
        return ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        raise error.cause from error  # the function's own, not Ray's imitation of it
    except (ray.exceptions.RayActorError, ray.exceptions.OutOfMemoryError) as error:
        raise _Death(str(error).strip().partition("\n")[0]) from error


class _Death(Exception):  # noqa: N818 - not an error of the function's
    """The process is gone."""


class _Progress:
    """Who has ended a call, in which order, and how."""

    def __init__(self, world: int) -> None:
        self.ended: tuple[int, ...] = ()  # ranks whose processes were ended in the middle of it
        self.first_is_done = threading.Event()
        self._world = world
        self._answers: dict[int, Any] = {}
        self._errors: dict[int, BaseException] = {}  # in the order in which they came in
        self._failed_at = float("inf")

    @property
    def is_complete(self) -> bool:
        return len(self._answers) + len(self._errors) == self._world

    @property
    def failing_s(self) -> float:
        """Seconds since the first failure."""
        return time.monotonic() - self._failed_at

    def do(self, rank: int, work: Callable[[], Any]) -> None:
        """Note what a rank answers, or why it does not."""
        try:
            self._answers[rank] = work()
        except Exception as error:  # noqa: BLE001 - foreign code; raised by ``answers``
            self.failed(rank, error)
        if rank == 0:
            self.first_is_done.set()

    def failed(self, rank: int, error: BaseException) -> None:
        self._errors.setdefault(rank, error)
        self._failed_at = min(self._failed_at, time.monotonic())
        if rank == 0:
            self.first_is_done.set()

    def answers(self) -> list[Any]:
        """Return the answers in rank order, or raise what explains their absence best."""
        if not self._errors:
            return [self._answers[rank] for rank in range(self._world)]
        rank, error = next(iter(self._errors.items()))
        dead = [number for number, why in self._errors.items() if isinstance(why, _Death)]
        try:
            if dead:
                why = self._errors[dead[0]]
                raise RankDiedError(f"{_name(dead)} of {self._world} died: {why}", dead) from why
            if is_lost_contact(error):
                silent = f"; {_name(self.ended)} did not answer and was ended" if self.ended else ""
                text = f"rank {rank} of {self._world} lost the others: {error}{silent}"
                raise RankDiedError(text, self.ended) from error
            error.add_note(f"raised on rank {rank} of {self._world}")
            raise error
        finally:  # a traceback holds this frame, and the frames of the function: no cycle of them
            del error
            self._errors.clear()


def _name(ranks: Sequence[int]) -> str:
    numbers = ", ".join(str(rank) for rank in ranks)
    return f"rank {numbers}" if len(ranks) == 1 else f"ranks {numbers}"
