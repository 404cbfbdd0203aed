"""The pods that Kubernetes and the operators make of our objects.

What KubeRay adds: ray-operator/controllers/ray/common/{pod,job}.go of KubeRay 1.7.0.
"""

import copy
from collections.abc import Iterator
from typing import Any

from tests.k8s.cloudnative_pg import is_cluster, templates
from tests.k8s.rendering import Document

SMALL = {"cpu": "200m", "memory": "256Mi"}


def pods(documents: list[Document]) -> list[Document]:
    """Every pod that there will be, as the API server will be asked for it; one of each kind."""
    return [pod for document in documents for pod in _of(document)]


def containers(pod: Document) -> list[Document]:
    """All containers of a pod, those that only initialise included."""
    return [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]


def labels(pod: Document) -> dict[str, str]:
    """A pod's labels."""
    return pod["metadata"].get("labels", {})


def _of(document: Document) -> Iterator[Document]:
    kind, spec = document["kind"], document.get("spec", {})
    if is_cluster(document):
        for role, template in templates(document):
            yield _pod(document, role, template)
    elif kind == "RayJob":
        yield from _of_ray_job(document)
    elif kind == "CronJob":
        yield _pod(document, "", spec["jobTemplate"]["spec"]["template"])
    elif kind in ("Job", "StatefulSet", "Deployment", "DaemonSet"):
        pod = _pod(document, "", spec["template"])
        for claim in spec.get("volumeClaimTemplates", []):
            name = claim["metadata"]["name"]
            pod["spec"].setdefault("volumes", []).append({"name": name, "ephemeral": claim})
        yield pod


def _of_ray_job(document: Document) -> Iterator[Document]:
    spec = document["spec"]
    cluster = spec["rayClusterSpec"]
    head = _ray_pod(document, "head", cluster["headGroupSpec"]["template"])
    ray = head["spec"]["containers"][0]
    if cluster.get("enableInTreeAutoscaling"):
        head["spec"]["containers"].append(_autoscaler(cluster.get("autoscalerOptions", {}), ray))
    yield head
    for group in cluster["workerGroupSpecs"]:
        worker = _ray_pod(document, group["groupName"], group["template"])
        waiting = _waiting(worker["spec"]["containers"][0])
        worker["spec"].setdefault("initContainers", []).append(waiting)
        yield worker
    yield _pod(document, "submitter", spec.get("submitterPodTemplate") or _submitter(ray))


def _ray_pod(document: Document, role: str, template: Document) -> Document:
    pod = _pod(document, role, template)
    pod["metadata"]["labels"] = {
        "app.kubernetes.io/name": "kuberay",
        "ray.io/node-type": "head" if role == "head" else "worker",
        **labels(pod),
    }
    return pod


def _waiting(ray: Document) -> Document:
    """Waits for the head before a worker starts; it copies much of the worker's container."""
    copied = {key: ray[key] for key in ("image", "env", "securityContext", "volumeMounts")}
    resources = {"requests": SMALL, "limits": SMALL}
    return copy.deepcopy({"name": "wait-gcs-ready", "resources": resources, **copied})


def _autoscaler(options: dict[str, Any], ray: Document) -> Document:
    given = {key: options[key] for key in ("securityContext", "volumeMounts") if key in options}
    amount = {"cpu": "500m", "memory": "512Mi"}
    resources = options.get("resources", {"requests": amount, "limits": amount})
    image = options.get("image", ray["image"])
    return {"name": "autoscaler", "image": image, "resources": resources, **given}


def _submitter(ray: Document) -> Document:
    """What starts the driver if we don't say: without any security context."""
    resources = {"requests": SMALL, "limits": {"cpu": "1", "memory": "1Gi"}}
    container = {"name": "ray-job-submitter", "image": ray["image"], "resources": resources}
    return {"spec": {"restartPolicy": "Never", "containers": [container]}}


def _pod(document: Document, role: str, template: Document) -> Document:
    copied = copy.deepcopy(template)
    metadata = copied.get("metadata", {})
    metadata["name"] = "-".join(x for x in (document["metadata"]["name"], role) if x)
    metadata["namespace"] = document["metadata"].get("namespace", "default")
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": copied["spec"]}
