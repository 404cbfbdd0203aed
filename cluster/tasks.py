"""Run one function over many arguments on the cluster's processes."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

Argument = TypeVar("Argument")
Result = TypeVar("Result")


def run_tasks(
    function: Callable[[Any, Argument], Result],
    arguments: Sequence[Argument],
    *,
    shared: Any,
    cpus: int,
) -> Iterator[tuple[Argument, Result]]:
    """Call ``function(shared, argument)`` for each argument; yield each result as it is ready.

    Parameters
    ----------
    shared
        Put into the object store once; arrays in it arrive read-only and uncopied.
    cpus
        Cores that one call occupies.

    Raises
    ------
    Exception
        What the function raised, in this process, as soon as it is known; what is still running
        is cancelled.
    """
    import ray

    remote = ray.remote(num_cpus=cpus, max_retries=0)(function)
    shared_ref = ray.put(shared)
    pending = {remote.remote(shared_ref, argument): argument for argument in arguments}
    try:
        while pending:
            (ready,), _ = ray.wait(list(pending), num_returns=1)
            argument = pending.pop(ready)
            try:
                result = ray.get(ready)
            except ray.exceptions.RayTaskError as error:
                raise error.cause from error  # the function's own, not Ray's imitation of it
            yield argument, result
    finally:
        for reference in pending:
            ray.cancel(reference, force=True)
