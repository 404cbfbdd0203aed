"""Whether a search gets through its queue: what Kueue (0.15 and newer) asks of a RayJob.

https://kueue.sigs.k8s.io/docs/tasks/run/rayjobs/, and its concepts of queues and quotas.
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from tests.k8s.builtin_kinds import (
    MAP,
    QUANTITY,
    SELECTOR,
    TEXT,
    TEXTS,
    Schema,
    closed,
    many,
    one_of,
)
from tests.k8s.rendering import Document, called, find

QUEUE = "kueue.x-k8s.io/queue-name"
GROUP = "kueue.x-k8s.io/v1beta2"
POD_SETS = 8
UNITS = {"": 1.0, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
UNITS |= {"Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40}


def kinds() -> dict[str, Schema]:
    """Schemas of Kueue's kinds as far as we use them, by ``apiVersion/kind``."""
    stop = one_of("None", "Hold", "HoldAndDrain")
    quota = closed(
        ("name", "nominalQuota"),
        name=TEXT,
        **dict.fromkeys(("nominalQuota", "borrowingLimit", "lendingLimit"), QUANTITY),
    )
    flavor = closed(("name", "resources"), name=TEXT, resources=many(quota))
    group = closed(("coveredResources", "flavors"), coveredResources=TEXTS, flavors=many(flavor))
    never = ("Never", "LowerPriority")
    preemption = closed(
        withinClusterQueue=one_of(*never, "LowerOrNewerEqualPriority"),
        reclaimWithinCohort=one_of(*never, "Any"),
    )
    cluster_queue = closed(
        namespaceSelector=SELECTOR,
        queueingStrategy=one_of("StrictFIFO", "BestEffortFIFO"),
        preemption=preemption,
        cohortName=TEXT,
        stopPolicy=stop,
        resourceGroups=many(group),
    )
    specs = {
        "LocalQueue": closed(("clusterQueue",), clusterQueue=TEXT, stopPolicy=stop),
        "ClusterQueue": cluster_queue,
        "ResourceFlavor": closed(nodeLabels=MAP),
    }
    metadata = closed(("name",), name=TEXT, namespace=TEXT, labels=MAP, annotations=MAP)
    return {
        f"{GROUP}/{kind}": closed(
            ("apiVersion", "kind", "metadata"),
            apiVersion=TEXT,
            kind=TEXT,
            metadata=metadata,
            spec=spec,
        )
        for kind, spec in specs.items()
    }


def queues(documents: list[Document]) -> list[str]:
    """Why a search would never get out of its queue."""
    found = [x for x in documents if x["kind"] == "LocalQueue"]
    found_errors = [message for queue in found for message in _of_queue(queue, documents)]
    for job in documents:
        if job["kind"] == "RayJob" and (found or job["spec"].get("suspend")):
            found_errors += [f"{called(job)}: {x}" for x in _of_search(job, documents)]
    return found_errors


def _named(documents: list[Document], kind: str, name: str | None) -> Document | None:
    return next((x for x in documents if (x["kind"], x["metadata"]["name"]) == (kind, name)), None)


def _of_queue(queue: Document, documents: list[Document]) -> Iterator[str]:
    name = queue["spec"]["clusterQueue"]
    cluster = _named(documents, "ClusterQueue", name)
    if cluster is None:
        yield f"{called(queue)}: no ClusterQueue {name}"
        return
    chosen = cluster["spec"].get("namespaceSelector", {}).get("matchLabels", {})
    if chosen != {"kubernetes.io/metadata.name": queue["metadata"]["namespace"]}:
        yield f"{called(cluster)}: is not for this namespace alone"
    for group in cluster["spec"]["resourceGroups"]:
        for flavor in group["flavors"]:
            if _named(documents, "ResourceFlavor", flavor["name"]) is None:
                yield f"{called(cluster)}: no ResourceFlavor {flavor['name']}"
            if [x["name"] for x in flavor["resources"]] != group["coveredResources"]:
                yield f"{called(cluster)}: covers other resources than it has quotas of"


def _of_search(job: Document, documents: list[Document]) -> Iterator[str]:
    spec, name = job["spec"], job["metadata"]["labels"].get(QUEUE)
    queue = _named(documents, "LocalQueue", name)
    if queue is None:
        yield f"no LocalQueue {name}"
    if spec.get("suspend") is not True:
        yield "starts without waiting"
    if not spec.get("shutdownAfterJobFinishes") or spec.get("clusterSelector"):
        yield "Kueue takes only what brings its own cluster and ends it"
    cluster = spec["rayClusterSpec"]
    if cluster.get("enableInTreeAutoscaling"):
        yield "grows beyond what the queue has counted"
    if len(cluster["workerGroupSpecs"]) + 2 > POD_SETS:
        yield f"more than {POD_SETS} kinds of pods"
    if queue is not None and _named(documents, "ClusterQueue", queue["spec"]["clusterQueue"]):
        yield from _of_quota(job, find(documents, "ClusterQueue", queue["spec"]["clusterQueue"]))


def _of_quota(job: Document, cluster: Document) -> Iterator[str]:
    quotas = {
        resource["name"]: amount(resource["nominalQuota"])
        for group in cluster["spec"]["resourceGroups"]
        for flavor in group["flavors"]
        for resource in flavor["resources"]
    }
    for resource, asked in sorted(_asked(job).items()):
        if resource not in quotas:
            yield f"asks for {resource}, which the queue does not cover"
        elif asked > quotas[resource]:
            yield f"asks for {asked:g} {resource}, of which the queue has {quotas[resource]:g}"


def _asked(job: Document) -> Counter[str]:
    """What all pods of a search ask for; a limit without a request is one."""
    spec = job["spec"]
    cluster = spec["rayClusterSpec"]
    sets = [(cluster["headGroupSpec"]["template"], 1), (spec["submitterPodTemplate"], 1)]
    sets += [(group["template"], group["replicas"]) for group in cluster["workerGroupSpecs"]]
    total: Counter[str] = Counter()
    for template, number in sets:
        for container in template["spec"]["containers"]:
            resources = container.get("resources", {})
            asked = resources.get("limits", {}) | resources.get("requests", {})
            for resource, value in asked.items():
                total[resource] += amount(value) * number  # type: ignore[assignment]
    return total


def amount(quantity: Any) -> float:
    """Read a quantity of Kubernetes: ``500m``, ``4Gi``, ``2``."""
    number, unit = re.fullmatch(r"([0-9.]+)([a-zA-Z]*)", str(quantity)).groups()  # type: ignore[union-attr]
    return float(number) * UNITS[unit]
