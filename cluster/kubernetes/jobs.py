"""RayJobs of searches: found, started once, replaced when they are over, and what they wrote."""

from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic, sleep

from cluster.head import ClusterError
from cluster.kubernetes.names import job_name, slug
from cluster.kubernetes.objects import ID, Object
from cluster.kubernetes.server import Server

OVER = ("Complete", "Failed", "ValidationFailed")
"""What the operator (KubeRay 1.7) calls a RayJob that it does nothing more for."""

NEW, GOING = "New", "Deleting"
"""What we call one that the operator has not looked at yet, and one that somebody has deleted."""

GONE_S = 120.0
"""Seconds that an old RayJob may take to go: its pods get one to end."""

SUBMITTER = "app.kubernetes.io/component=submitter"


@dataclass(frozen=True, slots=True)
class Job:
    """A RayJob as the operator sees it."""

    name: str
    uid: str
    state: str
    message: str
    is_new: bool = False  # created by the call that returned it

    @property
    def is_over(self) -> bool:
        """Whether nobody goes on with it."""
        return self.state in (*OVER, GOING)


class RayJobs:
    """The RayJobs of a namespace.

    Raises
    ------
    ClusterError
        If there is no way to Kubernetes, or it refuses; so do all methods.
    """

    def __init__(self, namespace: str) -> None:
        self._server = Server(namespace)
        self.namespace = namespace

    def find(self, search_id: str) -> Job | None:
        """Return the RayJob of a search; None if there is none."""
        found = self._server.get("RayJob", job_name(search_id))
        return None if found is None else _job(found)

    def start(self, search_id: str, objects: Sequence[Object]) -> Job:
        """Create a search's objects, unless its RayJob is there and not over; return that.

        One that is over makes way first. What belongs to the RayJob goes when that is deleted, and
        is completed here if somebody died before it was all there.

        Parameters
        ----------
        objects
            The RayJob first.
        """
        job, *others = objects
        found = self.find(search_id)
        if found is not None and found.is_over:
            self._remove(search_id, found)
            found = None
        made = None if found is not None else self._server.create("RayJob", job)
        known = _job(made, is_new=True) if made is not None else found or self.find(search_id)
        if known is None:
            raise ClusterError(f"the RayJob {job_name(search_id)} was deleted while it was made")
        for other in others:
            self._belong(other, known)
        return known

    def logs(self, search_id: str) -> str:
        """Return what the driver has written so far, as its newest submitter repeats it.

        Raises
        ------
        ClusterError
            If there is none (any more).
        """
        said = self._server.logs(f"{SUBMITTER},{ID}={slug(search_id)}", "submit")
        if said is None:
            raise ClusterError(
                f"no submitter of search {search_id} in the namespace {self.namespace}: it has not "
                f"started, or its RayJob {job_name(search_id)} was deleted"
            )
        return said

    def _remove(self, search_id: str, old: Job) -> None:
        """Delete a RayJob, and wait until the operator has let go of it."""
        self._server.delete("RayJob", old.name)
        until = monotonic() + GONE_S
        while (found := self.find(search_id)) is not None and found.uid == old.uid:
            if monotonic() > until:
                raise ClusterError(
                    f"the RayJob {old.name}, which is over ({old.state}), does not go; is the "
                    "operator there?"
                )
            sleep(0.2)

    def _belong(self, body: Object, owner: Job) -> None:
        """Create what a RayJob needs beside it; what is left of an older one makes way."""
        kind, name = body["kind"], body["metadata"]["name"]
        reference = {"apiVersion": "ray.io/v1", "kind": "RayJob"}
        reference |= {"name": owner.name, "uid": owner.uid}
        owned = body | {"metadata": body["metadata"] | {"ownerReferences": [reference]}}
        if self._server.create(kind, owned) is not None or not owner.is_new:
            return
        self._server.delete(kind, name)
        if self._server.create(kind, owned) is None:
            raise ClusterError(f"somebody else makes the {kind} {name} at the same time")


def _job(found: Object, *, is_new: bool = False) -> Job:
    metadata, status = found["metadata"], found.get("status") or {}
    state = status.get("jobDeploymentStatus") or NEW
    if metadata.get("deletionTimestamp"):
        state = GOING
    return Job(metadata["name"], metadata["uid"], state, status.get("message") or "", is_new)
