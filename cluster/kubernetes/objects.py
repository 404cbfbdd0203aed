"""The objects of one search: the installed manifests, with typed values put in."""

from collections.abc import Iterable
from copy import deepcopy
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from cluster.kubernetes.names import job_name, slug
from cluster.kubernetes.wanted import Wanted, Workers, own_image

Object = dict[str, Any]

ID = "app.kubernetes.io/instance"
"""The label that says of which search an object is."""

NAMED = "search-id"
"""What the manifests' names begin with, for ``job_name`` to replace."""

QUEUE = "kueue.x-k8s.io/queue-name"
GPU = "nvidia.com/gpu"


def objects(search_id: str, wanted: Wanted) -> list[Object]:
    """Return all objects of a search, the RayJob first.

    The id itself goes nowhere but into the entry point, where it is the last word; elsewhere its
    slug stands.

    Parameters
    ----------
    search_id
        Of letters, digits, ``-`` and ``_``.
    """
    found = _manifests()
    for one in found:
        metadata = one["metadata"]
        metadata["namespace"] = wanted.namespace
        metadata["name"] = metadata["name"].replace(NAMED, job_name(search_id), 1)
        _mark(one, slug(search_id))
    _fill(found[0], search_id, wanted)
    return found


def as_yaml(found: Iterable[Object]) -> str:
    """Write objects as a file that ``kubectl create -f`` reads."""
    return yaml.safe_dump_all(found, sort_keys=False)


def _manifests() -> list[Object]:
    """Return the manifests; a copy each time."""
    return deepcopy(_read())


@cache
def _read() -> list[Object]:
    folder = files("cluster.kubernetes") / "search"
    texts = [one.read_text("utf-8") for one in folder.iterdir() if one.name.endswith(".yaml")]
    loaded = [one for text in texts for one in yaml.safe_load_all(text)]
    ours = [one for one in loaded if one["kind"] != "Kustomization"]
    return sorted(ours, key=lambda one: (one["kind"] != "RayJob", one["metadata"]["name"]))


def _mark(value: Any, own: str) -> None:
    """Put a search's slug wherever its label is said or asked for."""
    if isinstance(value, dict) and ID in value:
        value[ID] = own
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in inner:
        _mark(one, own)


def _fill(job: Object, search_id: str, wanted: Wanted) -> None:
    spec = job["spec"]
    *module, _ = spec["entrypoint"].split(" ")
    spec["entrypoint"] = " ".join([*module, search_id])
    spec["jobId"] = slug(search_id)
    if wanted.queue is not None:
        job["metadata"]["labels"][QUEUE] = wanted.queue
        spec["suspend"] = True  # Kueue lets it go
    cluster = spec["rayClusterSpec"]
    head = _container(cluster["headGroupSpec"])
    head["image"] = wanted.image or own_image()
    _amount(head, "memory", wanted.head_memory)
    submitter = spec["submitterPodTemplate"]["spec"]["containers"][0]
    submitter["image"] = wanted.image or own_image()
    groups = cluster["workerGroupSpecs"]
    asked = wanted.workers or (Workers(groups[0]["groupName"]),)
    cluster["workerGroupSpecs"] = [_group(groups[0], one, wanted) for one in asked]


def _group(manifest: Object, asked: Workers, wanted: Wanted) -> Object:
    """Return a group of workers, as the manifest's one is but for what was asked."""
    group = deepcopy(manifest)
    group["groupName"] = asked.name
    if asked.number is not None:
        group |= dict.fromkeys(("replicas", "minReplicas", "maxReplicas"), asked.number)
    container = _container(group)
    container["image"] = wanted.image_of(asked)
    _amount(container, "cpu", asked.cpus)
    _amount(container, "memory", asked.memory)
    if asked.gpus:
        container["resources"]["limits"][GPU] = str(asked.gpus)
        taint = {"key": GPU, "operator": "Exists", "effect": "NoSchedule"}
        group["template"]["spec"]["tolerations"] = [taint]
    return group


def _container(group: Object) -> Object:
    first: Object = group["template"]["spec"]["containers"][0]
    return first


def _amount(container: Object, what: str, amount: str | None) -> None:
    """Give a container so much, and no more."""
    if amount is not None:
        for kind in ("requests", "limits"):
            container["resources"][kind][what] = amount
