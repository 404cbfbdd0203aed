"""How ranks find each other: a store in the first one's process, then a process group."""

import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

LOOPBACK = "127.0.0.1"
STEP_S = 5.0
"""How long ranks that have all ended a call may take to meet once more."""


@dataclass(frozen=True, slots=True)
class Meeting:
    """Where ranks meet, and how they talk."""

    host: str
    port: int
    world: int
    backend: str
    timeout_s: float  # for joining, and for each collective operation afterwards
    local: bool  # all on one node: nothing listens to the network

    @property
    def timeout(self) -> timedelta:
        """The timeout as torch takes it."""
        return timedelta(seconds=self.timeout_s)


def require_no_group() -> None:
    """Refuse a second process group in one process: the default one is global in torch.

    Raises
    ------
    RuntimeError
        This process is in a process group.
    """
    import torch.distributed as dist

    if dist.is_initialized():
        raise RuntimeError("this process is in a process group already; close that one first")


def open_store(addresses: Sequence[str], *, gpus: float, timeout_s: float) -> tuple[Meeting, Any]:
    """Open the store at which the ranks of these nodes meet, in this process.

    Parameters
    ----------
    addresses
        Where each rank's node is reached; the first is this process's.
    """
    local = len(set(addresses)) == 1
    host = LOOPBACK if local else addresses[0]
    listener = socket.create_server((host, 0))  # its port is taken from now on: no race for it
    port = listener.getsockname()[1]
    world = len(addresses)
    # NCCL refuses two ranks on one GPU; gloo carries those through the CPU's memory.
    backend = "cpu:gloo,cuda:nccl" if gpus >= 1 else "gloo"
    meeting = Meeting(host, port, world, backend, timeout_s, local)
    return meeting, _store(meeting, master_listen_fd=listener.detach())  # the store closes it


def _store(meeting: Meeting, *, master_listen_fd: int | None = None) -> Any:
    """Open the store with a socket that listens, or reach the one that is open."""
    from torch.distributed import TCPStore  # type: ignore[attr-defined]  # documented all the same

    return TCPStore(
        meeting.host,
        meeting.port,
        meeting.world,
        is_master=master_listen_fd is not None,
        timeout=meeting.timeout,
        wait_for_workers=False,
        master_listen_fd=master_listen_fd,
    )


def join(meeting: Meeting, number: int, store: Any = None) -> None:
    """Enter the process group as rank ``number``; returns once all have."""
    import torch.distributed as dist

    with _interface(meeting):
        dist.init_process_group(
            meeting.backend,
            store=store or _store(meeting),
            rank=number,
            world_size=meeting.world,
            timeout=meeting.timeout,
        )


def break_off() -> None:
    """End what this process waits for in its process group; from any thread.

    It has an effect on NCCL alone: gloo is at an end when the other processes are.
    """
    import torch.distributed as dist

    if dist.group.WORLD is not None:
        dist.group.WORLD.abort()


def leave() -> None:
    """Take this process out of its process group, if it is in one."""
    import torch.distributed as dist

    if dist.is_initialized():
        dist.destroy_process_group()


def is_in_step() -> bool:
    """Meet the other ranks; False if they are at another operation, or gone.

    Gloo numbers the operations of a process group, so that ranks that have begun different
    numbers of them do not meet.
    """
    import torch
    import torch.distributed as dist

    try:
        work = dist.all_reduce(torch.zeros(1), async_op=True)
        work.wait(timedelta(seconds=STEP_S))
    except RuntimeError:
        return False
    return True


def is_lost_contact(error: BaseException) -> bool:
    """Tell whether an error says that a rank could not reach the others.

    Torch (2.13) raises NCCL's and the store's errors as ``DistError``, gloo's as plain
    ``RuntimeError`` with the place in gloo's source, or the words for the operations behind them.
    """
    import torch.distributed as dist

    words = "gloo/transport", "Application timeout caused pair closure"
    of_gloo = isinstance(error, RuntimeError) and any(word in str(error) for word in words)
    return of_gloo or isinstance(error, dist.DistError)


@contextmanager
def _interface(meeting: Meeting) -> Iterator[None]:
    """Have gloo and NCCL use the network interface under which Ray knows this node.

    Gloo would take the one that the host's name resolves to, which on many machines is the
    loopback: other nodes could not connect. What the user has set in the environment counts.
    """
    name = _interface_of(LOOPBACK if meeting.local else _own_address())
    wanted = ("GLOO_SOCKET_IFNAME", "NCCL_SOCKET_IFNAME")
    added = [] if name is None else [variable for variable in wanted if variable not in os.environ]
    os.environ.update(dict.fromkeys(added, name or ""))
    try:
        yield
    finally:
        for variable in added:
            del os.environ[variable]


def _own_address() -> str:
    import ray

    return str(ray.util.get_node_ip_address())


def _interface_of(address: str) -> str | None:
    """Name the interface with an address; None if it is not this machine's (a router's, say)."""
    import psutil

    for name, entries in psutil.net_if_addrs().items():
        if any(entry.address == address for entry in entries):
            return name
    return None
