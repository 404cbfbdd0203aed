"""Ray jobs: a process on a cluster's head, started, asked after and stopped over HTTP."""

import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Any

from cluster.head import ClusterError, Head

OVER = ("SUCCEEDED", "FAILED", "STOPPED")
"""What Ray calls the state of a job whose process has ended."""

AGAIN = "."
"""What stands between a name and the number of its second, third, ... job; no name has one."""

AGENT_S = 60.0
"""Seconds that a head may take, once its dashboard answers, until it takes jobs."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job as its cluster sees it."""

    job_id: str
    number: int  # of those of one name: 1, 2, ...
    state: str  # PENDING, RUNNING, STOPPED, SUCCEEDED, FAILED
    message: str

    @property
    def is_over(self) -> bool:
        """Whether its process has ended."""
        return self.state in OVER


def number_of(job_id: str, name: str) -> int | None:
    """Say which of the jobs of a name this is: 1, 2, ...; None if it is of another name."""
    if job_id == name:
        return 1
    found = re.fullmatch(rf"{re.escape(name + AGAIN)}([1-9][0-9]*)", job_id)
    return None if found is None else int(found[1])


class Jobs:
    """The jobs of a cluster.

    The parameters and what is raised are those of ``Head``.
    """

    def __init__(self, address: str, *, allow_unauthenticated: bool = False) -> None:
        self._head = Head(address, allow_unauthenticated=allow_unauthenticated)
        self._client = self._head.client

    @property
    def address(self) -> str:
        """Of the head's dashboard."""
        return self._head.address

    def find(self, name: str) -> Job | None:
        """Return the newest job of a name; None if the cluster knows none."""
        return max(self._all(name), key=lambda job: job.number, default=None)

    def start(
        self,
        name: str,
        command: str,
        *,
        runtime_env: Mapping[str, Any],
        metadata: Mapping[str, str],
    ) -> Job:
        """Start a job unless one of that name is there and not over; return the one that is.

        The first job has the name as its id, the second ``NAME.2``: an id that is used again too
        soon meets what is left of its old process (Ray 2.60).
        """
        found = self.find(name)
        if found is not None and not found.is_over:
            return found
        number = 1 if found is None else found.number + 1
        job_id = name if number == 1 else f"{name}{AGAIN}{number}"
        self._submit(
            submission_id=job_id,
            entrypoint=command,
            runtime_env=dict(runtime_env),
            metadata=dict(metadata),
        )
        return self.find(name) or Job(job_id, number, "PENDING", "")

    def _submit(self, **request: Any) -> None:
        """Send a job; a head that has just started is waited for until it can take one."""
        logging.getLogger("ray").setLevel(logging.WARNING)  # it tells of each package it sends
        until = monotonic() + AGENT_S
        while True:
            try:
                with self._head.asking():
                    self._client.submit_job(**request)
                    return
            except ClusterError as error:
                if "No available agent" not in str(error) or monotonic() > until:
                    raise
            sleep(0.5)

    def _all(self, name: str) -> Iterator[Job]:
        with self._head.asking():
            listed = self._client.list_jobs()
        for one in listed:
            number = number_of(one.submission_id or "", name)
            if number is not None:
                yield Job(one.submission_id, number, str(one.status.value), one.message or "")

    def ask(
        self, name: str, command: str, *, runtime_env: Mapping[str, Any], most_s: float = 300.0
    ) -> tuple[bool, str]:
        """Run a short job to its end.

        Parameters
        ----------
        most_s
            Seconds to wait for its end.

        Returns
        -------
        Whether its process ended with 0, and what it wrote, or why it was never started.

        Raises
        ------
        ClusterError
            If it does not end in time.
        """
        job = self.start(name, command, runtime_env=runtime_env, metadata={})
        until = monotonic() + most_s
        while not job.is_over:
            if monotonic() > until:
                self.stop(name)
                raise ClusterError(f"job {job.job_id} did not end within {most_s:g} s")
            sleep(0.2)
            job = self._required(name)
        return job.state == "SUCCEEDED", self.logs(name) or job.message

    def stop(self, name: str) -> None:
        """End a job's process: SIGTERM, and after three seconds SIGKILL (Ray 2.60)."""
        with self._head.asking():
            self._client.stop_job(self._required(name).job_id)

    def logs(self, name: str) -> str:
        """Return what the newest job of a name has written so far.

        Raises
        ------
        ClusterError
            If there is no such job.
        """
        with self._head.asking():
            return str(self._client.get_job_logs(self._required(name).job_id))

    def _required(self, name: str) -> Job:
        found = self.find(name)
        if found is None:
            raise ClusterError(f"the cluster at {self.address} knows no job {name}")
        return found
