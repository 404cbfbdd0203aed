"""Join a Ray cluster for as long as a block runs, or start one on this machine."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from cluster.advisories import reason_against
from cluster.head import ClusterError, UnauthenticatedError
from cluster.tokens import REFUSED, admits_anyone, is_loopback

IDLE_MS = 600_000
"""How long Ray keeps an idle worker process beyond one a core; its own second (2.60) would have
every search of a session import scikit-learn anew in its refits: 1.3 s each, then 0.05 s."""


@dataclass(frozen=True, slots=True)
class Session:
    """What a connected session offers."""

    cpus: int  # over all nodes
    gpus: int
    nodes: int
    joined: bool = False  # it is a cluster of its own, whose nodes may come and go


@contextmanager
def connect(
    address: str | None = None, *, cpus: int | None = None, allow_unauthenticated: bool = False
) -> Iterator[Session]:
    """Join the cluster at ``address``, or start one with ``cpus`` cores on this machine.

    A cluster that this function starts is gone when the block ends; one that it joins, or that
    the process had joined before, is left alone.

    Parameters
    ----------
    address
        As for ``ray.init``; None starts a local cluster.
    cpus
        Cores of a local cluster; None for all that this process may use.
    allow_unauthenticated
        Whether to use a cluster that other machines reach, too, and that asks for no token.

    Raises
    ------
    UnauthenticatedError
        If it is such a cluster, and that was not allowed; it was neither started nor joined.
    ClusterError
        If there is no cluster at the address, it refuses, or Ray is of a version with known holes.
    """
    _prepare()
    import ray

    if ray.is_initialized():
        yield _describe()
        return
    if not allow_unauthenticated and is_open(address):
        raise UnauthenticatedError(_named(address))
    is_joined = address not in (None, "local")
    if is_joined:
        _refuse_client(str(address))
        _join(str(address))
    else:
        _start(cpus)
    try:
        yield replace(_describe(), joined=is_joined)
    finally:
        ray.shutdown()


def stay_connected(*, cpus: int | None = None) -> Session:
    """Use the cluster that this process has joined, or start a local one that stays.

    It is there, warm, for later calls, and ends with the process or by ``ray.shutdown()``.

    Parameters
    ----------
    cpus
        Cores of a cluster that has to be started; None for all that this process may use.

    Raises
    ------
    UnauthenticatedError
        If it would have to be started without a token.
    """
    _prepare()
    import ray

    if not ray.is_initialized():
        if is_open(None):
            raise UnauthenticatedError(_named(None))
        _start(cpus)
    return _describe()


def is_open(address: str | None) -> bool:
    """Whether a cluster would run what anyone sends who reaches it from another machine.

    Parameters
    ----------
    address
        As for ``connect``. Ray that is started here listens to other machines, too (2.60).

    Raises
    ------
    ClusterError
        If nobody answers there.
    """
    if address in (None, "local"):
        return os.environ.get("RAY_AUTH_MODE", "token").lower() != "token"
    target = _resolved(str(address))
    parts = urlsplit(target if "://" in target else f"//{target}")
    if is_loopback(parts.hostname):
        return False
    try:
        return admits_anyone(parts.netloc, to_client_server=parts.scheme == "ray")
    except ImportError as error:
        raise ClusterError(str(error)) from error
    except ConnectionError as error:
        raise ClusterError(f"no cluster answers at {target}: {error}") from error


def available_cpus() -> int:
    """Cores that this process may use (its affinity, not the machine's)."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _resolved(address: str) -> str:
    """Return the address that Ray would make of one."""
    if address != "auto":
        return address
    from ray._private.services import get_ray_address_from_environment

    try:
        return str(get_ray_address_from_environment(address, None))
    except ConnectionError as error:
        raise ClusterError(f"no cluster was found on this machine: {error}") from error


def _named(address: str | None) -> str:
    if address in (None, "local"):
        mode = os.environ.get("RAY_AUTH_MODE")
        return f"Ray that is started here, where RAY_AUTH_MODE is {mode!r},"
    return f"the cluster at {address}"


def _refuse_client(address: str) -> None:
    """Refuse Ray's client: Ray Tune (2.60) can't drive by it, nor would a search outlive it."""
    if _resolved(address).startswith("ray://"):
        raise ClusterError(
            f"the cluster at {address} can't be driven from here: Ray Tune drives on the cluster "
            "itself. `searcher submit --address http://HOST:8265` has it do so"
        )


def _join(address: str) -> None:
    import ray

    try:
        ray.init(address=address, log_to_driver=False, logging_level="ERROR")
    except (ConnectionError, ray.exceptions.AuthenticationError) as error:
        refused = ray.exceptions.AuthenticationError
        if isinstance(error, refused) or isinstance(error.__cause__, refused):
            raise ClusterError(f"the cluster at {address} {REFUSED}") from error
        raise ClusterError(f"no cluster answers at {address}: {error}") from error
    except RuntimeError as error:
        raise ClusterError(f"the cluster at {address} can't be joined: {error}") from error


def _start(cpus: int | None) -> None:
    import ray

    if "RAY_AUTH_TOKEN_PATH" not in os.environ and "RAY_AUTH_MODE" not in os.environ:
        # Ray (2.60) guards a local cluster, too, and, told nothing, writes a token to
        # ~/.ray/auth_token; one in the environment is used instead, and dies with the process.
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    ray.init(
        address="local",
        num_cpus=cpus or available_cpus(),
        include_dashboard=False,
        log_to_driver=False,
        logging_level="ERROR",
        configure_logging=True,
        _system_config={"idle_worker_killing_time_threshold_ms": IDLE_MS},
    )


def _describe() -> Session:
    import ray

    resources = ray.cluster_resources()
    return Session(
        cpus=int(resources.get("CPU", 0)),
        gpus=int(resources.get("GPU", 0)),
        nodes=len(ray.nodes()),
    )


def _prepare() -> None:
    """Refuse an old Ray; no usage reports over the network.

    Joined clusters are of the same version, or Ray refuses them (2.60, ``check_version_info``).
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # A GPU that Ray was not given for a task stays visible to it: hiding it is not our business.
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    import ray

    reason = reason_against(ray.__version__)
    if reason is not None:
        raise ClusterError(f"the installed Ray is refused: {reason}")
