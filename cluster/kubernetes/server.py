"""The API server of a Kubernetes cluster, asked by the official client."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from cluster.head import ClusterError
from cluster.kubernetes.objects import Object

RAY = {"group": "ray.io", "version": "v1", "plural": "rayjobs"}

NOT_FOUND, CONFLICT = 404, 409

TIMEOUT_S = 30.0
"""Seconds that one question may take."""


class Server:
    """A way to the API server, as kubectl has it: its current context, or the pod's own account.

    Parameters
    ----------
    namespace
        That everything asked for is in.

    Raises
    ------
    ClusterError
        If the client is not installed, or nothing says where the server is.
    """

    def __init__(self, namespace: str) -> None:
        try:
            from kubernetes import client
        except ModuleNotFoundError as error:
            raise ClusterError(
                "asking Kubernetes needs its client: pip install 'searcher[kubernetes]'"
            ) from error
        self.namespace = namespace
        api = client.ApiClient(_configuration())
        self._ray, self._core = client.CustomObjectsApi(api), client.CoreV1Api(api)
        self._network, self._policy = client.NetworkingV1Api(api), client.PolicyV1Api(api)

    def get(self, kind: str, name: str) -> Object | None:
        """Return an object; None if there is none of that name."""
        asked: Object | None = self._asked("get", kind, name=name, allowed=NOT_FOUND)
        return asked

    def create(self, kind: str, body: Object) -> Object | None:
        """Create an object and return it; None if there is one of its name already."""
        made: Object | None = self._asked("create", kind, body=body, allowed=CONFLICT)
        return made

    def delete(self, kind: str, name: str) -> None:
        """Delete an object, and in the background what belongs to it; it may be gone already."""
        more = {"name": name, "propagation_policy": "Background"}
        self._asked("delete", kind, **more, allowed=NOT_FOUND)

    def logs(self, selector: str, container: str) -> str | None:
        """Return what the newest of some pods has written; None if there is none."""
        where = {"namespace": self.namespace, "_request_timeout": TIMEOUT_S}
        with self._asking():
            found = self._core.list_namespaced_pod(label_selector=selector, **where).items
            if not found:
                return None
            newest = max(found, key=lambda pod: pod.metadata.creation_timestamp)
            # Read by ourselves: client 36 makes "b'...'" of it (kubernetes-client/python#2596).
            answer = self._core.read_namespaced_pod_log(
                newest.metadata.name, container=container, _preload_content=False, **where
            )
            return str(answer.data.decode("utf-8", "replace"))

    def _asked(self, verb: str, kind: str, *, allowed: int, **more: Any) -> Any:
        """Do one thing; None if it ends with the status that is no surprise."""
        from kubernetes.client.exceptions import ApiException

        with self._asking():
            try:
                done = self._call(verb, kind)(**more, _request_timeout=TIMEOUT_S)
            except ApiException as error:
                if error.status == allowed and not _is_of_another(error, kind):
                    return None
                raise
        if done is None:  # a status that the client (37) knows no object for
            raise ClusterError(f"Kubernetes answered nothing to {verb} {kind}")
        is_plain = isinstance(done, dict)
        return done if is_plain else self._core.api_client.sanitize_for_serialization(done)

    def _call(self, verb: str, kind: str) -> Callable[..., Any]:
        """Return what does this to objects of a kind."""
        if kind == "RayJob":
            call = getattr(self._ray, f"{verb}_namespaced_custom_object")
            return partial(call, **RAY, namespace=self.namespace)
        word = "read" if verb == "get" else verb
        api, name = {
            "NetworkPolicy": (self._network, "network_policy"),
            "PodDisruptionBudget": (self._policy, "pod_disruption_budget"),
        }[kind]
        return partial(getattr(api, f"{word}_namespaced_{name}"), namespace=self.namespace)

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Say in plain words what goes wrong between here and the server."""
        from kubernetes.client.exceptions import ApiException
        from urllib3.exceptions import HTTPError

        try:
            yield
        except ApiException as error:
            raise ClusterError(f"Kubernetes refuses: {_message(error)}") from error
        except HTTPError as error:
            raise ClusterError(f"no API server of Kubernetes answers: {error}") from error


def _configuration() -> Any:
    """Find out where the server is, and who asks."""
    from kubernetes import client, config

    found = client.Configuration()
    file = os.environ.get("KUBECONFIG")  # the client reads it once, when it is imported
    try:
        config.load_config(client_configuration=found, **({"config_file": file} if file else {}))
    except config.ConfigException as error:
        raise ClusterError(
            f"nothing says where Kubernetes is ({error}); set KUBECONFIG, or a context of kubectl"
        ) from error
    found.retries = False
    return found


def _is_of_another(error: Any, kind: str) -> bool:
    """Whether what is not there is the kind itself (no operator), not an object of it."""
    return error.status == NOT_FOUND and "name" not in _details(error) and kind == "RayJob"


def _details(error: Any) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(error.body).get("details") or {}
    except (AttributeError, TypeError, ValueError):
        return {}
    return found


def _message(error: Any) -> str:
    """Return what the server said, or that it said nothing."""
    try:
        said = str(json.loads(error.body)["message"])
    except (KeyError, TypeError, ValueError):
        said = f"{error.status} {error.reason}"
    if error.status == NOT_FOUND and not _details(error).get("name"):
        said += "; is KubeRay installed?"
    if error.status in (401, 403):
        said += "; k8s/README.md says which roles may do what"
    return said
