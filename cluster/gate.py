"""Let processes that start together wait for each other, once."""

import asyncio

PATIENCE_S = 60.0


class Gate:
    """Opens when ``n`` processes have arrived, and stays open.

    Made by the driver and sent to the processes: it pickles as a handle.

    Parameters
    ----------
    n
        Processes to wait for.
    patience_s
        Seconds after its first arrival after which it opens all the same: a cluster can turn out
        smaller than it said, and waiting is never worth more than this.
    """

    def __init__(self, n: int, *, patience_s: float = PATIENCE_S) -> None:
        import ray

        self._keeper = ray.remote(num_cpus=0)(_Keeper).remote(n, patience_s)

    def pass_through(self) -> bool:
        """Wait until the gate is open; whether everyone had arrived by then."""
        import ray

        return bool(ray.get(self._keeper.arrive.remote()))

    def close(self) -> None:
        """End the gate's own process; nobody may wait at it any more."""
        import ray

        ray.kill(self._keeper)


class _Keeper:
    """The actor behind a gate; asynchronous, so that arrivals wait without a thread each."""

    def __init__(self, n: int, patience_s: float) -> None:
        self._missing, self._patience_s = n, patience_s
        self._open = asyncio.Event()

    async def arrive(self) -> bool:
        self._missing -= 1
        if self._missing <= 0:
            self._open.set()
        try:
            await asyncio.wait_for(self._open.wait(), self._patience_s)
        except TimeoutError:
            self._open.set()
        return self._missing <= 0
