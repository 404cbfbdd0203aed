"""What a cluster has, what of it is free, and who waits for what: asked over HTTP."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from time import time
from typing import Any

from cluster.head import Head

MOST = 10_000
"""Nodes, placement groups, jobs that are listed (Ray 2.60 lists 100 unless told)."""

KINDS = ("CPU", "GPU", "memory")
"""Resources that are told apart; what else Ray counts are marks of its own."""

Resources = dict[str, float]


@dataclass(frozen=True, slots=True)
class Node:
    """A machine of a cluster: what it has, and what nobody has taken."""

    node_id: str
    address: str
    is_head: bool
    total: Resources
    free: Resources


@dataclass(frozen=True, slots=True)
class Waiting:
    """What was asked for together and is not there yet."""

    job_id: str | None  # the id of the submission, if there is one; None if Ray does not say
    bundles: tuple[Resources, ...]
    since_s: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How a cluster stands."""

    nodes: tuple[Node, ...]
    waiting: tuple[Waiting, ...]


def standing(head: Head) -> Standing:
    """Ask a cluster for its nodes and for who waits.

    Raises
    ------
    ClusterError
        If the cluster does not answer.
    """
    from ray.util import state

    asked = {"address": head.address, "limit": MOST, "detail": True}
    with head.asking():
        # A filter on the head makes Ray (2.60) take dead nodes for ones that it could not send.
        nodes = [node for node in state.list_nodes(**asked) if node.state == "ALIVE"]
        groups = state.list_placement_groups(**asked)
        jobs = state.list_jobs(**asked)
    report = head.get("/api/cluster_status")["data"]["clusterStatus"]["loadMetricsReport"]
    used = report.get("usageByNode") or {}
    known = tuple(_node(one, used.get(one.node_id, {})) for one in nodes)
    names = {job.job_id: job.submission_id for job in jobs if job.job_id}
    waits = [*_groups(groups, names, known), *_single(report["resourceDemand"], known)]
    return Standing(
        tuple(sorted(known, key=lambda node: (not node.is_head, node.address))), tuple(waits)
    )


def why_not(bundles: Iterable[Mapping[str, float]], nodes: Iterable[Node]) -> str:
    """Say why what is asked for is not there: nowhere, not at once, or taken.

    Parameters
    ----------
    bundles
        What is asked for together; each has to find place on one node.
    nodes
        Of the cluster.
    """
    asked, there = list(bundles), list(nodes)
    for bundle in asked:
        if not any(_fits(bundle, node.total) for node in there):
            return f"no node has {described(bundle)}"
    for kind in KINDS:
        needed = sum(bundle.get(kind, 0.0) for bundle in asked)
        if needed > sum(node.total.get(kind, 0.0) for node in there):
            return f"all nodes together do not have {described({kind: needed})}"
    return "what fits is taken"


def described(resources: Mapping[str, float]) -> str:
    """Return resources in words: ``2 CPU, 1 GPU, 1.5 GiB``."""
    parts = []
    for kind, value in resources.items():
        if kind == "memory":
            parts.append(f"{value / 2**30:.1f} GiB")
        elif value:
            parts.append(f"{value:g} {kind}")
    return ", ".join(parts) or "nothing"


def _node(found: Any, usage: Mapping[str, Any]) -> Node:
    total = {kind: float(found.resources_total.get(kind, 0.0)) for kind in KINDS}
    used = {kind: float(usage.get(kind, (0.0, 0.0))[0]) for kind in KINDS}
    free = {kind: total[kind] - used[kind] for kind in KINDS}
    return Node(found.node_id, found.node_ip, bool(found.is_head_node), total, free)


def _groups(
    groups: Iterable[Any], names: Mapping[str, str | None], nodes: tuple[Node, ...]
) -> Iterator[Waiting]:
    """Trials and groups of ranks are placement groups."""
    for group in groups:
        if group.state not in ("PENDING", "RESCHEDULING"):
            continue
        bundles = tuple(_known(bundle["unit_resources"]) for bundle in group.bundles)
        asked_at = int(group.stats["creation_request_received_ns"]) / 1e9
        job = group.creator_job_id
        yield Waiting(names.get(job) or job, bundles, time() - asked_at, why_not(bundles, nodes))


def _single(demand: Iterable[Any], nodes: tuple[Node, ...]) -> Iterator[Waiting]:
    """Tasks and actors outside placement groups, of which Ray only tells the number."""
    for asked, number in demand:
        bundle = _known(asked)
        for _ in range(int(number)):
            yield Waiting(None, (bundle,), None, why_not([bundle], nodes))


def _known(resources: Mapping[str, float]) -> Resources:
    return {kind: float(resources[kind]) for kind in KINDS if resources.get(kind)}


def _fits(bundle: Mapping[str, float], total: Mapping[str, float]) -> bool:
    return all(value <= total.get(kind, 0.0) for kind, value in bundle.items())
