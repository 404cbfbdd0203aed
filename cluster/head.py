"""The head of a Ray cluster, asked over HTTP from wherever one is."""

import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from cluster.advisories import reason_against
from cluster.tokens import FLAG, OPEN, REFUSED, is_loopback, version_told_to_anyone


class ClusterError(RuntimeError):
    """A cluster can't be reached, refuses, or is of another version."""


class UnauthenticatedError(ClusterError, ValueError):
    """A cluster asks for no token, and nobody has said that this is all right."""

    def __init__(self, subject: str) -> None:
        super().__init__(
            f"{subject} asks for no token: {OPEN}. Start it with RAY_AUTH_MODE=token "
            f"(docs/security.md), or say {FLAG} (in Python allow_unauthenticated=True)"
        )


def is_here(address: str) -> bool:
    """Whether the head whose dashboard has this address is this machine."""
    return is_loopback(urlsplit(address).hostname)


class Head:
    """A way to a cluster's head.

    Parameters
    ----------
    address
        Of its dashboard: ``http://HOST:8265``. The token is Ray's own business
        (``RAY_AUTH_MODE=token`` with ``RAY_AUTH_TOKEN`` or ``RAY_AUTH_TOKEN_PATH``).
    allow_unauthenticated
        Whether to talk to a head that others reach, too, and that asks for no token.

    Attributes
    ----------
    is_open
        Whether it is such a head.

    Raises
    ------
    UnauthenticatedError
        If it is, and that was not allowed; nothing was sent, nor the token shown.
    ClusterError
        If nobody is there, the token is wrong, or Ray is of another version than here, or of one
        that has known holes.
    """

    def __init__(self, address: str, *, allow_unauthenticated: bool = False) -> None:
        self.address = _checked(address)
        if importlib.util.find_spec("aiohttp") is None:
            raise ClusterError(
                "asking a cluster needs more of Ray: pip install 'searcher[cluster]'"
            )
        from ray.job_submission import JobSubmissionClient

        self.is_open = self._ask_as_a_stranger()
        if self.is_open and not allow_unauthenticated:
            raise UnauthenticatedError(f"the cluster at {self.address}")
        with self.asking(), _no_other_address():
            self.client = JobSubmissionClient(self.address)
        self._check_version()

    def get(self, path: str) -> Any:
        """Return what the head answers in JSON.

        Raises
        ------
        ClusterError
            If it does not answer, or not so.
        """
        with self.asking():
            answer = self.client._do_request("GET", path)
            answer.raise_for_status()
            return answer.json()

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Say in plain words what goes wrong between here and the head."""
        import ray
        import requests
        from ray.util.state.exception import RayStateApiException

        try:
            yield
        except ClusterError:
            raise
        except ray.exceptions.AuthenticationError as error:
            raise ClusterError(f"the cluster at {self.address} {REFUSED}") from error
        except (ConnectionError, requests.exceptions.RequestException) as error:
            raise ClusterError(f"no cluster answers at {self.address}: {error}") from error
        except (RuntimeError, RayStateApiException) as error:
            raise ClusterError(f"the cluster at {self.address} refuses: {error}") from error

    def _ask_as_a_stranger(self) -> bool:
        """Whether the head answers anyone who reaches it, from other machines too."""
        if is_here(self.address):
            return False
        with self.asking():
            told = version_told_to_anyone(self.address)
        if told is not None:
            self._refuse_old(told)  # what a flag permits is not that
        return told is not None

    def _refuse_old(self, version: str) -> None:
        reason = reason_against(version)
        if reason is not None:
            raise ClusterError(f"the cluster at {self.address} is refused: {reason}")

    def _check_version(self) -> None:
        import ray

        there = self.get("/api/version")["ray_version"]
        self._refuse_old(there)
        if there != ray.__version__:
            raise ClusterError(
                f"the cluster at {self.address} runs Ray {there}, here it is {ray.__version__}; "
                f"both must be the same: pip install 'ray=={there}'"
            )


@contextmanager
def _no_other_address() -> Iterator[None]:
    """Hide the variables that Ray (2.60) prefers to an address that it is given."""
    names = "RAY_API_SERVER_ADDRESS", "RAY_ADDRESS"
    hidden = {name: os.environ.pop(name) for name in names if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(hidden)


def _checked(address: str) -> str:
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ClusterError(
            f"address: found {address!r}; must be that of a head's dashboard, http://HOST:8265"
        )
    return address.rstrip("/")
