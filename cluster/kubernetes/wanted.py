"""What may be asked for of a search's Ray cluster on Kubernetes, checked before it is used."""

import re
from dataclasses import dataclass
from importlib.metadata import version

from cluster.kubernetes.names import PLAIN

NAMESPACE = "searcher"
"""That of ``k8s/base``."""

QUANTITY = re.compile(r"(?=[0-9.]*[1-9])[0-9]+(\.[0-9]+)?(m|[kMGT]i?)?")
IMAGE = re.compile(
    r"[a-z0-9]([a-z0-9._/-]|:[0-9]+/)*(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}|@sha256:[0-9a-f]{64})"
)
LONGEST_LABEL = 63


def own_image(name: str = "searcher") -> str:
    """Return the image of the release that is installed here."""
    return f"{name}:{version('searcher')}"


@dataclass(frozen=True, slots=True)
class Workers:
    """A group of workers that are alike; what is None is as the manifest has it.

    Raises
    ------
    ValueError
        If Kubernetes could not read it.
    """

    name: str = "cpu"
    number: int | None = None
    cpus: str | None = None  # of each worker: 2, 500m
    memory: str | None = None  # of each worker: 4Gi
    gpus: int = 0  # of each worker
    image: str | None = None

    def __post_init__(self) -> None:
        _check("workers: name", self.name, PLAIN, "a-z, 0-9 and -")
        _check("workers: cpus", self.cpus, QUANTITY, "a number such as 2 or 500m")
        _check("workers: memory", self.memory, QUANTITY, "a size such as 4Gi")
        _check("workers: image", self.image, IMAGE, "NAME:TAG or NAME@sha256:...")
        if (self.number is not None and self.number < 1) or self.gpus < 0:
            raise ValueError(
                f"workers: found number={self.number}, gpus={self.gpus}; a group has at least one "
                "worker, and no worker less than no GPU"
            )


@dataclass(frozen=True, slots=True)
class Wanted:
    """A Ray cluster for one search; what is None is as the manifest has it.

    Raises
    ------
    ValueError
        If Kubernetes could not read it, or the images are not all said.
    """

    namespace: str = NAMESPACE
    image: str | None = None  # of head, submitter and workers; None: that of this release
    workers: tuple[Workers, ...] = ()  # none: the manifest's group
    head_memory: str | None = None
    queue: str | None = None  # of Kueue

    def __post_init__(self) -> None:
        for what, name in (("namespace", self.namespace), ("queue", self.queue)):
            _check(what, name, PLAIN, "a-z, 0-9 and -")
        _check("image", self.image, IMAGE, "NAME:TAG or NAME@sha256:...")
        _check("head-memory", self.head_memory, QUANTITY, "a size such as 4Gi")
        names = [group.name for group in self.workers]
        if len(set(names)) < len(names):
            raise ValueError(f"workers: groups must have different names, found {', '.join(names)}")
        unsaid = [group.name for group in self.workers if group.gpus and group.image is None]
        if self.image is not None and unsaid:
            raise ValueError(
                f"workers: {', '.join(unsaid)} has GPUs, and the image {self.image} is not the one "
                "of this release; say which one those workers run: image=NAME:TAG"
            )

    def image_of(self, group: Workers) -> str:
        """Return the image of a group of workers."""
        if group.image is not None:
            return group.image
        return own_image("searcher-cuda") if group.gpus else self.image or own_image()


def _check(what: str, found: str | None, allowed: re.Pattern[str], said: str) -> None:
    if found is None:
        return
    if not allowed.fullmatch(found) or (allowed is PLAIN and len(found) > LONGEST_LABEL):
        raise ValueError(f"{what}: found {found[:80]!r}; allowed: {said}")
