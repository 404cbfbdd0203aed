"""The actors behind all ranks but the first: started, asked and ended together."""

from collections.abc import Sequence
from typing import Any

from cluster.ranks.errors import RankDiedError
from cluster.ranks.member import Member, Rank

END_S = 20.0
"""Seconds within which Ray must say that a process that it was asked to end is gone."""


class Members:
    """Ranks 1 and up.

    Parameters
    ----------
    ranks
        What each of them is told of itself, in order.
    places
        Ray's options that say where each of them runs.
    cpus, gpus
        What each of them occupies.
    """

    def __init__(
        self, ranks: Sequence[Rank], places: Sequence[dict[str, Any]], *, cpus: float, gpus: float
    ) -> None:
        import ray

        self.ended = False
        start = ray.remote(num_cpus=cpus, num_gpus=gpus, max_restarts=0)(Member).options
        self._actors = [
            start(**place).remote(rank) for place, rank in zip(places, ranks, strict=True)
        ]

    def addresses(self, *, start_s: float) -> list[str]:
        """Wait until all have started; return where their nodes are reached.

        Raises
        ------
        RankDiedError
            One died, or they did not start within ``start_s`` seconds.
        """
        import ray

        try:
            return list(ray.get(list(self.ask("address")), timeout=start_s))
        except ray.exceptions.GetTimeoutError as error:
            raise RankDiedError(f"not all ranks had started after {start_s:g} s") from error
        except ray.exceptions.RayActorError as error:
            raise RankDiedError(f"a rank died while it started: {error}") from error

    def ask(self, method: str, *args: Any) -> dict[Any, int]:
        """Call a method of all; return Ray's references to the answers, with the rank's numbers."""
        calls = [getattr(actor, method).remote(*args) for actor in self._actors]
        return {call: number for number, call in enumerate(calls, 1)}

    def end(self) -> None:
        """End their processes, whatever they are at; from any thread, and more than once."""
        import ray

        self.ended = True
        if ray.is_initialized():  # Ray's own end is theirs
            for actor in self._actors:
                ray.kill(actor)

    def await_end(self) -> None:
        """Return once the processes that were ended are gone.

        Raises
        ------
        TimeoutError
            Ray did not say so in time.
        """
        import ray

        if not ray.is_initialized():
            return
        for call, number in self.ask("outlast").items():
            try:
                ray.get(call, timeout=END_S)
            except ray.exceptions.RayActorError:
                continue
            except ray.exceptions.GetTimeoutError as error:
                raise TimeoutError(f"rank {number} did not end within {END_S:g} s") from error
