"""Run one function over many arguments on the cluster's processes."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

Argument = TypeVar("Argument")
Result = TypeVar("Result")

ATTEMPTS = 3
"""Times that a call is begun, at most, whose process dies."""


class ProcessDiedError(RuntimeError):
    """A call's process died each time: a failure of machines, or of memory, not an exception."""


def run_tasks(
    function: Callable[[Any, Argument], Result],
    arguments: Sequence[Argument],
    *,
    shared: Any,
    cpus: int,
    at_once: int | None = None,
) -> Iterator[tuple[Argument, Result]]:
    """Call ``function(shared, argument)`` for each argument; yield each result as it is ready.

    A call whose process dies is begun again, up to three times in all.

    Parameters
    ----------
    shared
        Put into the object store once; arrays in it arrive read-only and uncopied.
    cpus
        Cores that one call occupies.
    at_once
        Calls that run at the same time, at most; None: as many as there is room for.

    Raises
    ------
    ProcessDiedError
        If a call's process died each time.
    Exception
        What the function raised, in this process, as soon as it is known; what is still running
        is cancelled.
    """
    import ray

    remote = ray.remote(num_cpus=cpus, max_retries=ATTEMPTS - 1)(function)
    shared_ref = ray.put(shared)
    waiting = list(reversed(arguments))
    pending: dict[Any, Argument] = {}
    try:
        while waiting or pending:
            while waiting and (at_once is None or len(pending) < at_once):
                argument = waiting.pop()
                pending[remote.remote(shared_ref, argument)] = argument
            (ready,), _ = ray.wait(list(pending), num_returns=1)
            argument = pending.pop(ready)
            try:
                result = ray.get(ready)
            except ray.exceptions.RayTaskError as error:
                raise error.cause from error  # the function's own, not Ray's imitation of it
            except ray.exceptions.WorkerCrashedError as error:
                raise ProcessDiedError(f"its process died {ATTEMPTS} times") from error
            yield argument, result
    finally:
        for reference in pending:
            ray.cancel(reference, force=True)
