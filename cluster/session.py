"""Join a Ray cluster for as long as a block runs, or start one on this machine."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

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
def connect(address: str | None = None, *, cpus: int | None = None) -> Iterator[Session]:
    """Join the cluster at ``address``, or start one with ``cpus`` cores on this machine.

    A cluster that this function starts is gone when the block ends; one that it joins, or that
    the process had joined before, is left alone.

    Parameters
    ----------
    address
        As for ``ray.init``; None starts a local cluster.
    cpus
        Cores of a local cluster; None for all that this process may use.
    """
    _keep_to_ourselves()
    import ray

    if ray.is_initialized():
        yield _describe()
        return
    if address is None:
        _start(cpus)
    else:
        ray.init(address=address, log_to_driver=False, logging_level="ERROR")
    try:
        yield replace(_describe(), joined=address not in (None, "local"))
    finally:
        ray.shutdown()


def stay_connected(*, cpus: int | None = None) -> Session:
    """Use the cluster that this process has joined, or start a local one that stays.

    It is there, warm, for later calls, and ends with the process or by ``ray.shutdown()``.

    Parameters
    ----------
    cpus
        Cores of a cluster that has to be started; None for all that this process may use.
    """
    _keep_to_ourselves()
    import ray

    if not ray.is_initialized():
        _start(cpus)
    return _describe()


def available_cpus() -> int:
    """Cores that this process may use (its affinity, not the machine's)."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _start(cpus: int | None) -> None:
    import ray

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


def _keep_to_ourselves() -> None:
    """No usage reports over the network, no token file in the user's home.

    Ray 2.60 guards even a local cluster by a token and, told nothing, writes it to
    ``~/.ray/auth_token``; a token in the environment is used instead and dies with the process.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    if "RAY_AUTH_TOKEN_PATH" not in os.environ and "RAY_AUTH_MODE" not in os.environ:
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    # A GPU that Ray was not given for a task stays visible to it: hiding it is not our business.
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
