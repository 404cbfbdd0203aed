"""What the tests of ranks have ranks do, and how they see that nothing is left."""

import os
import signal
import time
from collections.abc import Callable
from typing import Any

import psutil

from cluster.ranks import Rank, RankGroup

SECONDS = 8.0
"""What "within seconds" means."""


class Groups:
    """At most one open group: a process can't be in two."""

    def __init__(self) -> None:
        self._group: RankGroup | None = None
        self._made: dict[str, Any] = {}

    def get(self, ranks: int, *, timeout_s: float = 60.0) -> RankGroup:
        made = {"ranks": ranks, "cpus": 2 / ranks, "timeout_s": timeout_s}
        if self._group is None or not self._group.is_open or made != self._made:
            self.close()
            self._group, self._made = RankGroup(**made), made
        return self._group

    def close(self) -> None:
        if self._group is not None:
            self._group.close()


def total(rank: Rank, summand: float) -> tuple[int, int, float]:
    """Number and process of a rank, and a sum over all ranks."""
    import torch
    import torch.distributed as dist

    value = torch.tensor(rank.number + summand)
    dist.all_reduce(value)
    return rank.number, os.getpid(), value.item()


def go_on(rank: Rank, what: Callable[[Rank], None] | None = None) -> None:
    """Add up with the others for ever; after the fifth time, something happens."""
    import torch
    import torch.distributed as dist

    for step in range(10**6):
        dist.all_reduce(torch.ones(1000))
        if step == 5 and what is not None:
            what(rank)
        time.sleep(0.001)


def keep(rank: Rank, value: int) -> int:
    """Add a value to what the rank kept; return the sum."""
    rank.kept["sum"] = rank.kept.get("sum", 0) + value
    return rank.kept["sum"] + rank.number


def raise_everywhere(rank: Rank) -> None:
    raise ArithmeticError(f"loss is NaN on rank {rank.number}")


class Unpicklable(Exception):  # noqa: N818
    """Can be written, not read."""

    def __init__(self, one: int, two: int) -> None:
        super().__init__(one + two)


def raise_unpicklable_on_1(rank: Rank) -> None:
    if rank.number == 1:
        raise Unpicklable(1, 2)


def raise_on_1(rank: Rank) -> None:
    if rank.number == 1:
        raise LookupError("no such row")


def kill_1(rank: Rank) -> None:
    if rank.number == 1:
        os.kill(os.getpid(), signal.SIGKILL)


def stop_1(rank: Rank) -> None:
    if rank.number == 1:
        os.kill(os.getpid(), signal.SIGSTOP)


def settles(claim: Callable[[], bool], *, within_s: float = SECONDS) -> bool:
    """Whether something comes true within seconds."""
    deadline = time.monotonic() + within_s
    while not claim():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def free_cpus() -> float:
    import ray

    return float(ray.available_resources().get("CPU", 0))


def others_of(group: RankGroup) -> list[int]:
    """Processes of all ranks but this one."""
    return [pid for _, pid, _ in group.run(total, 0)][1:]


def are_gone(pids: list[int]) -> bool:
    return not any(psutil.pid_exists(pid) for pid in pids)
