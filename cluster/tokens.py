"""Whether a cluster of Ray takes orders from anybody: asked as one who has no token.

What a cluster says of itself (``/api/authentication_mode``) is not asked: a proxy in front of it
may guard it by other means, and then it is not open.
"""

import importlib.util
import os
from ipaddress import ip_address
from typing import Any

OPEN = "anyone who reaches it over the network may run code there, with all rights of its user"
"""What it means that a cluster asks for no token."""

FLAG = "--allow-unauthenticated"

REFUSED = (
    "refuses the token, or there is none: set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN or "
    "RAY_AUTH_TOKEN_PATH"
)
"""What a cluster does that asks for one."""

ASK_S = 10.0

CLUSTER_ID = "/ray.rpc.NodeInfoGcsService/GetClusterId"
PING = "/ray.rpc.RayletDriver/ClusterInfo"


def is_loopback(host: str | None) -> bool:
    """Whether only this machine reaches what listens at a host's address."""
    if host == "localhost":
        return True
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return False


def version_told_to_anyone(url: str) -> str | None:
    """Return the version of Ray that a dashboard tells without a token; None if it does not.

    Raises
    ------
    requests.exceptions.RequestException
        If nobody answers.
    """
    import requests

    # A token or password that is found somewhere (~/.netrc, the URL) would not be anybody's.
    answer = requests.get(f"{url}/api/version", auth=lambda asked: asked, timeout=ASK_S)
    if answer.status_code != requests.codes.ok:
        return None
    try:
        told = answer.json()
    except requests.exceptions.JSONDecodeError:
        return None  # somebody's page to log in
    return str(told["ray_version"]) if isinstance(told, dict) and "ray_version" in told else None


def admits_anyone(target: str, *, to_client_server: bool = False) -> bool:
    """Whether a cluster's head lets processes join that have no token.

    Parameters
    ----------
    target
        ``HOST:PORT`` of its control store (GCS), or of the server of Ray clients.

    Raises
    ------
    ImportError
        Without gRPC.
    ConnectionError
        If nobody answers, or it is no head of a cluster.
    """
    if importlib.util.find_spec("grpc") is None:
        raise ImportError("asking a cluster needs more of Ray: pip install 'searcher[cluster]'")
    import grpc

    method, request = (PING, ping()) if to_client_server else (CLUSTER_ID, b"")
    with _channel(target) as channel:
        try:
            channel.unary_unary(method)(request, timeout=ASK_S)
        except grpc.RpcError as error:
            answer: Any = error  # grpc's own is a call, too, which has what it was told
            if answer.code() == grpc.StatusCode.UNAUTHENTICATED:
                return False
            raise ConnectionError(f"{answer.code().name}: {answer.details()}") from error
    return True


def ping() -> bytes:
    """Return the one question to a server of clients that needs no session."""
    from ray.core.generated import ray_client_pb2 as messages

    question = messages.ClusterInfoRequest(type=messages.ClusterInfoType.PING)
    return bytes(question.SerializeToString())


def _channel(target: str) -> Any:
    """Open a channel as Ray does (2.60, _private/grpc_utils.py), but for the token."""
    import grpc

    options = (("grpc.enable_http_proxy", 0),)
    if os.environ.get("RAY_USE_TLS", "0").lower() not in ("1", "true"):
        return grpc.insecure_channel(target, options=options)
    from ray._common.tls_utils import load_certs_from_env

    chain, key, authority = load_certs_from_env()
    credentials = grpc.ssl_channel_credentials(authority, key, chain)
    return grpc.secure_channel(target, credentials, options=options)
