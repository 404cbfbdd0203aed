"""Renders the Kustomize folders as `kubectl apply -k` would, without a cluster."""

import copy
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from cluster.kubernetes.objects import objects
from cluster.kubernetes.wanted import Wanted, Workers
from tests.lacking import lacks

ROOT = Path(__file__).resolve().parents[2]
VARIANTS = "tests/k8s/variants"

DEPLOYMENTS = {
    "local": ("k8s/overlays/local", "k8s/overlays/local/search"),
    "production": ("k8s/overlays/production", "k8s/overlays/production/search"),
    "every component": (f"{VARIANTS}/installation", f"{VARIANTS}/search"),
    "queued": (f"{VARIANTS}/queued", f"{VARIANTS}/queued/search", "k8s/components/kueue/cluster"),
}
"""An installation, a search on it, and what it needs of the whole cluster."""

GPU = Workers("gpu", 1, "1", "2Gi", gpus=1)
SUBMITTED = {
    "submitted": (("k8s/overlays/local",), Wanted()),
    "submitted with GPUs": (
        (f"{VARIANTS}/installation",),
        Wanted(workers=(Workers("small", 3, "1", "2Gi"), GPU), head_memory="2Gi"),
    ),
    "submitted to a queue": (
        (f"{VARIANTS}/queued", "k8s/components/kueue/cluster"),
        Wanted(workers=(Workers("small", 1, "1", "2Gi"), GPU), queue="searches"),
    ),
}
"""An installation, and the Ray cluster that `searcher submit --kubernetes` was asked for on it."""

EVERY = (*DEPLOYMENTS, *SUBMITTED)

SEARCH_ID = "churn-3f9a2c"
"""What the overlays have in ``id.yaml``."""

Document = dict[str, Any]
DROP = object()
"""Instead of a value: the field goes."""


def deployment(name: str) -> list[Document]:
    """All objects of an installation and of a search on it."""
    if name in SUBMITTED:
        folders, wanted = SUBMITTED[name]
        there = [document for folder in folders for document in render(folder)]
        return [*there, *objects(SEARCH_ID, wanted)]
    return [document for folder in DEPLOYMENTS[name] for document in render(folder)]


def render(folder: str) -> list[Document]:
    """The objects of a folder; a copy each time, to be changed at will."""
    return copy.deepcopy(_rendered(folder))


@cache
def _rendered(folder: str) -> list[Document]:
    command = [*_program(), str(ROOT / folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return list(yaml.load_all(done.stdout, Loader=yaml.CSafeLoader))


def _program() -> list[str]:
    for program, argument in (("kubectl", "kustomize"), ("kustomize", "build")):
        if (found := shutil.which(program)) is not None:
            return [found, argument]
    message = "neither kubectl nor kustomize is installed, so no manifest can be rendered"
    lacks(message)


def find(documents: list[Document], kind: str, name: str) -> Document:
    """The object of that kind and name."""
    (found,) = [x for x in documents if (x["kind"], x["metadata"]["name"]) == (kind, name)]
    return found


def change(document: Document, pointer: str, value: Any) -> None:
    """Set or drop what a JSON pointer (RFC 6901) names."""
    parts = pointer.strip("/").split("/")
    *way, last = [part.replace("~1", "/").replace("~0", "~") for part in parts]
    inner: Any = document
    for part in way:
        inner = inner[int(part)] if isinstance(inner, list) else inner[part]
    key: Any = int(last) if isinstance(inner, list) else last
    if value is DROP:
        del inner[key]
    else:
        inner[key] = value


def called(document: Document) -> str:
    """An object's kind and name, for messages."""
    return f"{document['kind']} {document['metadata']['name']}"
