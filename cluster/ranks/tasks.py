"""Run one function over many arguments, each call on several ranks at once."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from cluster.ranks.errors import RankDiedError
from cluster.ranks.group import RankGroup
from cluster.ranks.room import bundles
from cluster.tasks import ATTEMPTS

Argument = TypeVar("Argument")

END_S = 20.0
"""Seconds within which a group's ranks must have ended before it is ended from outside."""


class Leader:
    """Rank 0 of a group that stays warm from one call to the next; an actor."""

    def __init__(self, ranks: int, cpus: float, gpus: float) -> None:
        self._made = {"ranks": ranks, "cpus": cpus, "gpus": gpus}
        self._group: RankGroup | None = None

    def call(self, function: Callable[..., Any], shared: Sequence[Any], argument: Any) -> Any:
        """Call ``function(rank, shared, argument)`` on all ranks; return what rank 0 answers.

        Parameters
        ----------
        shared
            One reference into the object store, in a list so that every rank follows it itself.
        """
        if self._group is None or not self._group.is_open:
            self._group = RankGroup(**self._made)  # type: ignore[arg-type]  # mixed numbers
        return self._group.run(function, shared[0], argument)[0]

    def close(self) -> None:
        """End the other ranks."""
        if self._group is not None:
            self._group.close()


class _Crew:
    """A placement group, and the leader in it."""

    def __init__(self, ranks: int, cpus: float, gpus: float) -> None:
        import ray

        self._made = (ranks, cpus, gpus)
        self._bundles = ray.util.placement_group(bundles(ranks, cpus=cpus, gpus=gpus))
        self.leader = self._start()

    def replace_leader(self) -> None:
        """Start another leader in place of one that died."""
        self.leader = self._start()

    def end(self, *, calmly: bool) -> None:
        """Give everything back; ``calmly`` lets the ranks leave by themselves first."""
        import ray

        try:
            if calmly:
                ray.get(self.leader.close.remote(), timeout=END_S)
        except (ray.exceptions.RayError, TimeoutError):
            pass  # it is ended all the same, and its ranks with it
        ray.kill(self.leader)
        ray.util.remove_placement_group(self._bundles)

    def _start(self) -> Any:
        import ray
        from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

        ranks, cpus, gpus = self._made
        place = PlacementGroupSchedulingStrategy(self._bundles, 0)
        start = ray.remote(num_cpus=cpus, num_gpus=gpus, max_restarts=0)(Leader)
        return start.options(scheduling_strategy=place).remote(ranks, cpus, gpus)


def run_on_ranks(
    function: Callable[[Any, Any, Argument], Any],
    arguments: Sequence[Argument],
    *,
    shared: Any,
    ranks: int,
    cpus: float,
    gpus: float = 0.0,
    groups: int = 1,
) -> Iterator[tuple[Argument, Any]]:
    """Call ``function(rank, shared, argument)`` for each argument; yield results as they are ready.

    Each call runs on all ranks of one group, and rank 0's answer counts. A call some of whose
    processes die is begun again, up to three times in all.

    Parameters
    ----------
    shared
        Put into the object store once; arrays in it arrive read-only and uncopied.
    ranks
        Processes of a group; with one there is neither a process group nor another process.
    cpus, gpus
        What each process occupies.
    groups
        How many run at the same time, at most; the cluster must have room for them.

    Raises
    ------
    RankDiedError
        If processes of a call died each time.
    Exception
        What the function raised; what is still running is ended.
    """
    import ray

    shared_ref = ray.put(shared)
    crews = [_Crew(ranks, cpus, gpus) for _ in range(min(groups, len(arguments)))]
    waiting = [(argument, 1) for argument in reversed(arguments)]
    calls: dict[Any, tuple[_Crew, Argument, int]] = {}
    idle, calm = list(crews), False
    try:
        while waiting or calls:
            while waiting and idle:
                crew, (argument, attempt) = idle.pop(), waiting.pop()
                call = crew.leader.call.remote(function, [shared_ref], argument)
                calls[call] = (crew, argument, attempt)
            (ready,), _ = ray.wait(list(calls), num_returns=1)
            crew, argument, attempt = calls.pop(ready)
            idle.append(crew)
            try:
                answer = _answer(ready, crew)
            except RankDiedError:
                if attempt == ATTEMPTS:
                    raise
                waiting.append((argument, attempt + 1))
                continue
            if not waiting:  # one whose node died may need the room
                idle.remove(crew)
                crews.remove(crew)
                crew.end(calmly=True)
            yield argument, answer
        calm = True
    finally:
        for crew in crews:
            crew.end(calmly=calm)


def _answer(call: Any, crew: _Crew) -> Any:
    """Return a call's answer; a leader that died is replaced."""
    import ray

    try:
        return ray.get(call)
    except ray.exceptions.RayTaskError as error:
        raise error.cause from error  # the function's own, not Ray's imitation of it
    except ray.exceptions.RayActorError as error:
        crew.replace_leader()
        raise RankDiedError(f"a process died: {error}", [0]) from error
