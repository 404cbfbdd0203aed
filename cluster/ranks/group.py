"""A group of ranks: the calling process and warm actors beside it, in one process group."""

import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

from cluster.ranks.meeting import (
    STEP_S,
    break_off,
    is_in_step,
    join,
    leave,
    open_store,
    require_no_group,
)
from cluster.ranks.member import Rank
from cluster.ranks.members import Members
from cluster.ranks.room import placements
from cluster.ranks.together import call_together

TIMEOUT_S = 60.0
START_S = 60.0


class RankGroup:
    """Ranks that live, warm, until the group is closed.

    The process that makes the group is rank 0; each further rank is a Ray actor, in its own
    bundle of the caller's placement group if the caller has one. All are in one default process
    group of ``torch.distributed`` from start to end: gloo, or, with a whole GPU each, NCCL for
    tensors on GPUs. A process can be in one group at a time. With one rank there is neither an
    actor nor a process group.

    A group that has lost a rank, or whose ranks are out of step after an error, closes itself;
    see ``is_open``. If the calling process dies, Ray ends the other ranks.

    Parameters
    ----------
    ranks
        How many, the caller included.
    cpus, gpus
        What each rank occupies.
    timeout_s
        Seconds after which a rank that waits in a collective operation gives up. A rank that dies
        is noticed at once; this is for one that hangs, or whose node is lost. Must be longer than
        ranks may be apart.
    start_s
        Seconds within which the ranks must have started.

    Raises
    ------
    TooManyRanksError
        There are not enough CPUs or GPUs, or bundles, for all at once.
    RankDiedError
        A rank died, or did not start in time.
    RuntimeError
        This process is in a process group already.
    """

    def __init__(
        self,
        ranks: int,
        *,
        cpus: float = 1.0,
        gpus: float = 0.0,
        timeout_s: float = TIMEOUT_S,
        start_s: float = START_S,
    ) -> None:
        if ranks < 1:
            raise ValueError(f"a group has one rank or more, not {ranks}")
        self._busy = threading.RLock()
        self._closed = False
        self._rank, *others = (Rank(i, ranks, "cuda" if gpus else "cpu") for i in range(ranks))
        self._members: Members | None = None
        self._store: Any = None  # where the ranks met; it must live as long as the process group
        if others:
            places = placements(ranks, cpus=cpus, gpus=gpus)
            require_no_group()
            self._members = Members(others, places, cpus=cpus, gpus=gpus)
            self._meet(self._members, gpus, timeout_s=timeout_s, start_s=start_s)

    def run(self, function: Callable[..., Any], *args: Any) -> list[Any]:
        """Call ``function(rank, *args)`` on all ranks at once; return the answers in rank order.

        Rank 0 runs it in this thread. An argument that is a reference into Ray's object store
        arrives as what it refers to, on every rank. What is to stay in a rank's process until the
        next call goes into ``rank.kept``.

        Raises
        ------
        RankDiedError
            A rank died, hangs, or is out of reach; within seconds of a death. The group is closed.
        Exception
            What the function raised on the rank that failed first. The group stays open if all
            ranks ended the call by themselves, in step with each other.
        """
        import ray

        if self._closed:
            raise RuntimeError("the group of ranks is closed; make another one")
        with self._busy:
            members = self._members
            calls = members.ask("call", function, *args) if members else {}
            values = [ray.get(a) if isinstance(a, ray.ObjectRef) else a for a in args]
            if members is None:
                return [function(self._rank, *values)]
            return self._together(members, lambda: function(self._rank, *values), calls)

    @property
    def is_open(self) -> bool:
        """Whether the group can still be used."""
        return not self._closed

    def close(self) -> None:
        """End the other ranks and leave the process group; returns when their processes are gone.

        May be called twice, and from another thread to break off a call that is running.

        Raises
        ------
        TimeoutError
            Ray did not say in time that a process is gone.
        """
        self._closed = True
        self._break_off()
        with self._busy:  # once a call that was broken off has come to its end
            members, self._members = self._members, None
            if members is not None:
                self._rank.kept.clear()  # what holds the process group would keep it alive
                leave()
                self._store = None
                members.await_end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _meet(self, members: Members, gpus: float, *, timeout_s: float, start_s: float) -> None:
        """Have all ranks enter one process group, or leave nothing behind."""
        import ray

        try:
            addresses = [ray.util.get_node_ip_address(), *members.addresses(start_s=start_s)]
            meeting, self._store = open_store(addresses, gpus=gpus, timeout_s=timeout_s)
            calls = members.ask("join", meeting)
            call_together(lambda: join(meeting, 0, self._store), calls, self._break_off)
        except BaseException:
            self.close()
            raise

    def _together(
        self, members: Members, own: Callable[[], Any], calls: Mapping[Any, int]
    ) -> list[Any]:
        """Wait for all ranks; afterwards they are in step, or the group is closed."""
        in_step = False
        try:
            answers = call_together(own, calls, self._break_off)
            in_step = True
        except Exception:
            in_step = not members.ended and _are_in_step(members)
            raise
        finally:
            if not in_step:
                self.close()
        return answers

    def _break_off(self) -> None:
        """End the other ranks' processes, and with them what this one waits for."""
        members = self._members
        if members is not None:
            members.end()
            break_off()


def _are_in_step(members: Members) -> bool:
    """Tell whether all ranks are alive and have begun the same operations."""
    import ray

    calls = members.ask("is_in_step")
    here = is_in_step()
    try:
        return here and all(ray.get(list(calls), timeout=2 * STEP_S))
    except ray.exceptions.RayError:
        return False
