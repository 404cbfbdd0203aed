"""A real head of a Ray cluster with a dashboard and a token, as an administrator starts it."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

RAY = str(Path(sys.executable).with_name("ray"))
START_S = 90.0
EVERYWHERE = "0.0.0.0"  # noqa: S104 - on a network of its own


@dataclass(frozen=True)
class Head:
    """Where it is, and what opens it."""

    address: str  # of its dashboard
    token: str  # "" if it asks for none
    store: str  # HOST:PORT of its control store (GCS), which drivers and workers join
    clients: str  # HOST:PORT of its server of Ray clients
    agent: int  # port of its node's agent
    pid: int

    @property
    def environment(self) -> dict[str, str]:
        """Variables of a process that may talk to it."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
        return own | self.variables

    @property
    def variables(self) -> dict[str, str]:
        """What opens it."""
        if not self.token:
            return {"RAY_AUTH_MODE": "disabled"}
        return {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": self.token}

    def wait_for(self, port: int) -> None:
        """Wait until it listens there: some of it comes after the dashboard."""
        host = self.store.rpartition(":")[0]
        until = time.monotonic() + START_S
        while True:
            with socket.socket() as one:
                if one.connect_ex((host, port)) == 0:
                    return
            assert psutil.pid_exists(self.pid), "the head did not start"
            assert time.monotonic() < until, f"the head did not listen at {port} in time"
            time.sleep(0.1)


def free_ports(number: int) -> list[int]:
    """Ports that nobody listens at now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@contextmanager
def ray_head(*, cpus: int = 2, host: str = "127.0.0.1", guarded: bool = True) -> Iterator[Head]:
    """Start a head on this machine; nothing of it is left afterwards.

    Parameters
    ----------
    host
        Address of this machine that it is to have.
    guarded
        Whether it asks for a token, and shows its dashboard at that address alone.
    """
    gcs, dashboard, client, agent = free_ports(4)
    # Ray (2.60) reads its token once in a process: this one may have a Ray of its own already.
    token = os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32)) if guarded else ""
    head = Head(f"http://{host}:{dashboard}", token, f"{host}:{gcs}", f"{host}:{client}", agent, 0)
    folder = tempfile.mkdtemp(prefix="ray-")  # short: sockets have paths of 107 bytes at most
    command = [RAY, "start", "--head", "--block", f"--node-ip-address={host}"]
    command += [f"--port={gcs}", f"--dashboard-port={dashboard}"]
    command += [f"--dashboard-host={host if guarded else EVERYWHERE}"]
    command += [f"--dashboard-agent-listen-port={agent}"]  # Ray's own is the same for all
    command += [f"--ray-client-server-port={client}", f"--num-cpus={cpus}", f"--temp-dir={folder}"]
    more = {"RAY_USAGE_STATS_ENABLED": "0", "HOME": folder}
    process = subprocess.Popen(
        command,
        env=head.environment | more,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    head = replace(head, pid=process.pid)
    try:
        head.wait_for(dashboard)
        yield head
    finally:
        started = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        _, alive = psutil.wait_procs(started, timeout=20)
        for one in alive:
            one.kill()
        shutil.rmtree(folder, ignore_errors=True)
