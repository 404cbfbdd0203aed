"""Where do ranks run, and is there room for all? Asked first, so that none waits for ever."""

import time
from collections.abc import Mapping
from typing import Any

from cluster.ranks.errors import TooManyRanksError
from cluster.ranks.leaving import leaving_nodes

EVERY_S = 0.5
"""Seconds between two looks at a cluster that is to grow."""


def require_room(ranks: int, *, cpus: float, gpus: float = 0.0) -> None:
    """Refuse more ranks than the whole cluster has CPUs or GPUs for.

    Parameters
    ----------
    ranks
        Processes that must run at once, the caller's among them.
    cpus, gpus
        What one of them occupies, on one node.

    Raises
    ------
    TooManyRanksError
        The nodes that are alive can't hold so many, even when nothing else runs.
    """
    import ray

    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    room = count_room(cpus=cpus, gpus=gpus)
    if ranks > room:
        owned = ", ".join(_say(node.get("CPU", 0), node.get("GPU", 0)) for node in nodes)
        raise TooManyRanksError(
            f"{ranks} ranks of {_say(cpus, gpus)} each were asked for; "
            f"there is room for {room} (nodes: {owned})"
        )


def count_room(*, cpus: float, gpus: float = 0.0) -> int:
    """Count the ranks that the nodes can hold which are there and stay, when nothing else runs."""
    import ray

    leaving = leaving_nodes()
    return sum(
        _fitting(node["Resources"], cpus, gpus)
        for node in ray.nodes()
        if node["Alive"] and node["NodeID"] not in leaving
    )


def await_room(ranks: int, *, cpus: float, gpus: float = 0.0, patience_s: float) -> bool:
    """Wait until the nodes can hold so many ranks; whether they can by then.

    What waits is a placement group, so that a cluster that starts nodes on demand has one.
    """
    import ray

    group = ray.util.placement_group(bundles(ranks, cpus=cpus, gpus=gpus))
    try:
        deadline = time.monotonic() + patience_s
        while (there := count_room(cpus=cpus, gpus=gpus)) < ranks and time.monotonic() < deadline:
            time.sleep(EVERY_S)
        return there >= ranks
    finally:
        ray.util.remove_placement_group(group)


def bundles(ranks: int, *, cpus: float, gpus: float = 0.0) -> list[dict[str, float]]:
    """Return the bundles of a placement group for ranks that each occupy ``cpus`` and ``gpus``."""
    return [{"CPU": cpus} | ({"GPU": gpus} if gpus else {}) for _ in range(ranks)]


def placements(ranks: int, *, cpus: float, gpus: float = 0.0) -> list[dict[str, Any]]:
    """Return Ray's options that place ranks 1.. in the caller's placement group, if it has one.

    Bundle ``i`` of the group is for rank ``i``; the caller, rank 0, sits in bundle 0.

    Raises
    ------
    TooManyRanksError
        The placement group has fewer or smaller bundles, or there is none and the cluster is too
        small.
    """
    import ray
    from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

    group = ray.util.get_current_placement_group()
    if group is None:
        require_room(ranks, cpus=cpus, gpus=gpus)
        return [{} for _ in range(1, ranks)]
    given = group.bundle_specs[:ranks]
    if sum(_fitting(bundle, cpus, gpus) > 0 for bundle in given) < ranks:
        raise TooManyRanksError(
            f"{ranks} ranks need a bundle of {_say(cpus, gpus)} each; "
            f"the placement group has {group.bundle_specs}"
        )
    return [
        {"scheduling_strategy": PlacementGroupSchedulingStrategy(group, number)}
        for number in range(1, ranks)
    ]


def _fitting(owned: Mapping[str, float], cpus: float, gpus: float) -> int:
    """Count the ranks for which a node, or a bundle, has enough of everything."""
    wanted = {"CPU": cpus, "GPU": gpus}
    # Ray counts in ten-thousandths: a little more than nothing forgives a float's rounding.
    counts = [int(owned.get(name, 0) / size + 1e-6) for name, size in wanted.items() if size]
    return min(counts, default=0)


def _say(cpus: float, gpus: float) -> str:
    return f"{cpus:g} CPU" + (f" and {gpus:g} GPU" if gpus else "")
