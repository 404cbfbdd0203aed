"""The head of a Ray cluster, asked over HTTP from wherever one is."""

import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

LOOPBACK = ("localhost", "127.0.0.1", "::1")


class ClusterError(RuntimeError):
    """A cluster can't be reached, refuses, or is of another version."""


def is_here(address: str) -> bool:
    """Whether the head whose dashboard has this address is this machine."""
    return urlsplit(address).hostname in LOOPBACK


class Head:
    """A way to a cluster's head.

    Parameters
    ----------
    address
        Of its dashboard: ``http://HOST:8265``. The token is Ray's own business
        (``RAY_AUTH_MODE=token`` with ``RAY_AUTH_TOKEN`` or ``RAY_AUTH_TOKEN_PATH``).

    Raises
    ------
    ClusterError
        If nobody is there, the token is wrong, or Ray is of another version than here.
    """

    def __init__(self, address: str) -> None:
        self.address = _checked(address)
        if importlib.util.find_spec("aiohttp") is None:
            raise ClusterError(
                "asking a cluster needs more of Ray: pip install 'searcher[cluster]'"
            )
        from ray.job_submission import JobSubmissionClient

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
            raise ClusterError(
                f"the cluster at {self.address} refuses the token, or there is none: set "
                "RAY_AUTH_MODE=token and RAY_AUTH_TOKEN or RAY_AUTH_TOKEN_PATH"
            ) from error
        except (ConnectionError, requests.exceptions.RequestException) as error:
            raise ClusterError(f"no cluster answers at {self.address}: {error}") from error
        except (RuntimeError, RayStateApiException) as error:
            raise ClusterError(f"the cluster at {self.address} refuses: {error}") from error

    def _check_version(self) -> None:
        import ray

        there = self.get("/api/version")["ray_version"]
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
