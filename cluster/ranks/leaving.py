"""Which nodes are about to go? Who takes a machine away, to a spot market say, tells Ray first."""

import time
from contextlib import suppress

from cluster.ranks.member import Rank

TIMEOUT_S = 10.0
"""Seconds that Ray's server may take to answer."""


def leaving_nodes() -> frozenset[str]:
    """Return the ids of the nodes that are drained: they take nothing new, and go."""
    import ray

    client = ray._private.worker.global_worker.gcs_client
    return frozenset(client.get_draining_nodes(timeout=TIMEOUT_S))


def node_of(rank: Rank) -> str:  # noqa: ARG001 - called on each
    """Return the id of the node that this process is on."""
    return own_node()


def own_node() -> str:
    """Return the id of the node that this process is on."""
    import ray

    return str(ray.get_runtime_context().get_node_id())


class LeavingNodes:
    """The same, asked by somebody who wants to know again and again.

    Parameters
    ----------
    every_s
        Seconds that an answer is good for.
    """

    def __init__(self, *, every_s: float = 1.0) -> None:
        self._every_s = every_s
        self._asked_at = float("-inf")
        self._known: frozenset[str] = frozenset()

    def __call__(self) -> frozenset[str]:
        """Return the ids as they were a moment ago, or when Ray's server last answered."""
        from ray.exceptions import RayError

        now = time.monotonic()
        if now - self._asked_at >= self._every_s:
            self._asked_at = now
            with suppress(RayError):
                self._known = leaving_nodes()
        return self._known
