"""Everything of a real head that can be asked: its ports, its methods, its pages, who may join."""

import importlib
import os
import pkgutil
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import psutil
import requests

from tests.cluster.heads import RAY, Head

JOIN = """
import ray, sys
ray.init(address=sys.argv[1], log_to_driver=False)
print("joined", len(ray.nodes()))
"""

# Ray (2.60) tries for 20 to 30 seconds before it says that it is refused.
IMPATIENT = {
    "RAY_NUM_REDIS_GET_RETRIES": "1",
    "RAY_gcs_server_port_wait_time_s": "1",
    "RAY_CLIENT_INITIAL_CONNECTION_TIMEOUT_S": "1",
    "RAY_CLIENT_MAX_CONNECTION_TIMEOUT_S": "2",
}
PATIENT = {"RAY_NUM_REDIS_GET_RETRIES": "20"}

NOT_SHIPPED = ("Push", "Pull", "FreeObjects")
"""Methods of the object manager, whose description Ray's package for Python lacks."""


def variables(token: str) -> dict[str, str]:
    """Environment of a stranger ("") or of who has a token, with nothing of this user's."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    given = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token} if token else {}
    return own | {"HOME": "/nonexistent", "RAY_USAGE_STATS_ENABLED": "0"} | given


def start(head: Head, entry: str, token: str, *, patient: bool = False) -> "subprocess.Popen[str]":
    """Start what would enter: a ``driver``, a Ray ``client``, or a ``worker`` node."""
    script = [sys.executable, "-c", JOIN]
    command = {
        "driver": [*script, head.store],
        "client": [*script, f"ray://{head.clients}"],
        "worker": [RAY, "start", f"--address={head.store}", "--num-cpus=1", "--block"],
    }[entry]
    return subprocess.Popen(
        command,
        env=variables(token) | (PATIENT if patient else IMPATIENT),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def nodes(head: Head) -> int:
    """How many nodes the head has ever had, dead ones included, asked with its token."""
    headers = {"Authorization": f"Bearer {head.token}"}
    answer = requests.get(f"{head.address}/api/v0/nodes", headers=headers, timeout=30)
    return int(answer.json()["data"]["result"]["total"])


@dataclass(frozen=True)
class Port:
    """Where a process of the head listens."""

    process: str
    number: int
    hosts: tuple[str, ...]


def ports(head: Head) -> list[Port]:
    """Every port that the head's processes listen at."""
    found: dict[tuple[str, int], set[str]] = {}
    for process in psutil.Process(head.pid).children(recursive=True):
        for one in process.net_connections("inet"):
            if one.status == psutil.CONN_LISTEN:
                key = _name(process), one.laddr.port
                found.setdefault(key, set()).add(one.laddr.ip.removeprefix("::ffff:"))
    return [Port(*key, tuple(sorted(hosts))) for key, hosts in sorted(found.items())]


def _name(process: psutil.Process) -> str:
    """What a process is, whatever its machine calls Python."""
    words = " ".join(process.cmdline())
    parts = "gcs_server", "raylet/raylet", "dashboard.py", "monitor.py", "client.server"
    return next((part for part in parts if part in words), words.split()[0])


def tells_metrics(port: Port) -> bool:
    """Whether it answers, to anyone, how busy Ray is."""
    anywhere = {"0.0.0.0", "::", "127.0.0.1"} & set(port.hosts)  # noqa: S104
    host = "127.0.0.1" if anywhere else port.hosts[0]
    try:
        return requests.get(f"http://{host}:{port.number}/metrics", timeout=10).ok
    except requests.exceptions.ConnectionError:
        return False  # it speaks gRPC


def methods() -> list[str]:
    """Every method that Ray describes, and those that it does not."""
    generated = importlib.import_module("ray.core.generated")
    names = [m.name for m in pkgutil.iter_modules(generated.__path__) if m.name.endswith("_pb2")]
    modules = [importlib.import_module(f"ray.core.generated.{name}") for name in names]
    services = [s for one in modules for s in one.DESCRIPTOR.services_by_name.values()]
    described = [
        f"/{service.full_name}/{one.name}" for service in services for one in service.methods
    ]
    return described + [f"/ray.rpc.ObjectManagerService/{name}" for name in NOT_SHIPPED]


def called(port: Port, token: str) -> dict[str, str]:
    """Call every method with nothing but a token ("" for none): how it was answered, by method."""
    metadata = [("authorization", f"Bearer {token}")] if token else []
    answers = {}
    with grpc.insecure_channel(f"127.0.0.1:{port.number}") as channel:
        for method in methods():
            try:
                channel.unary_unary(method)(b"", timeout=5, metadata=metadata)
                answers[method] = "OK"
            except grpc.RpcError as error:
                answer: Any = error
                answers[method] = answer.code().name
            if answers[method] == "UNAVAILABLE":  # it speaks another language
                return {}
    return answers


def pages() -> list[tuple[str, str]]:
    """Every page that the source of Ray's dashboard declares: method, path."""
    folder = Path(str(importlib.import_module("ray.dashboard").__file__)).parent
    declared = re.compile(r'@\w*routes\.(get|post|put|delete|patch)\(\s*f?"(/[^"]*)"')
    texts = [path.read_text() for path in folder.rglob("*.py") if "tests" not in path.parts]
    found = {(one[1].upper(), one[2]) for text in texts for one in declared.finditer(text)}
    return sorted((method, re.sub(r"{\w+}", "x", path)) for method, path in found)


def asked(url: str, token: str) -> Iterator[tuple[str, str, int]]:
    """Ask for every page with nothing but a token ("" for none): method, path, status."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with requests.Session() as session:
        for method, path in pages():
            answer = session.request(method, url + path, headers=headers, timeout=30)
            yield method, path, answer.status_code


def wait_for_nodes(head: Head, number: int) -> None:
    """Wait until the head has had so many nodes."""
    until = time.monotonic() + 60
    while nodes(head) < number:
        assert time.monotonic() < until, f"{nodes(head)} nodes"
        time.sleep(0.1)
