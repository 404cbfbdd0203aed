"""A head that asks for no token, where nobody else reaches it: on a network of its own.

Ray (2.60) listens to every machine around, so a test that started such a head here would let
them all run code here. A process in another network namespace (``unshare``, which needs no
rights) has it, and runs commands for the test one after the other.
"""

import fcntl
import json
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from cluster.session import connect
from searcher.cli.app import app
from tests.cluster.heads import Head, ray_head
from tests.driven import Ended
from tests.lacking import lacks

HOST = "198.51.100.7"  # RFC 5737: of documentation, nobody's
UNSHARE = ["unshare", "--user", "--map-root-user", "--net"]
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Apart:
    """The head, and who runs commands beside it."""

    head: Head
    process: "subprocess.Popen[str]"

    def searcher(self, *words: str) -> Ended:
        """Run a command of ours."""
        return Ended(*self._ask("searcher", *words))

    def cores(self, address: str, *, allowed: bool = True) -> int:
        """Join, saying that no token is needed."""
        (found,) = self._ask("cores", address, *(["allowed"] if allowed else []))
        return int(found)

    def _ask(self, *words: str) -> list[Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, f"{words} failed; see stderr"
        return list(json.loads(answer))


@contextmanager
def open_head() -> Iterator[Apart]:
    """Start a head without a token, or skip where no network of one's own is to be had."""
    if subprocess.run([*UNSHARE, "true"], capture_output=True, check=False).returncode != 0:
        lacks("no network of its own is to be had here (unshare)")
    process = subprocess.Popen(
        [*UNSHARE, sys.executable, "-m", __name__],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield Apart(Head(**json.loads(process.stdout.readline())), process)
    finally:
        process.stdin.close()
        process.wait(60)
        process.stdout.close()


def _have_addresses() -> None:
    """Give this network its loopback, and an address that is none."""
    up, running, set_flags, set_address = 1, 64, 0x8914, 0x8916  # linux/if.h, linux/sockios.h
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        fcntl.ioctl(one, set_flags, struct.pack("16sh", b"lo", up | running))
        address = struct.pack("16sH2x4s8x", b"lo:1", socket.AF_INET, socket.inet_aton(HOST))
        fcntl.ioctl(one, set_address, address)


def _searcher(*words: str) -> list[Any]:
    done = CliRunner().invoke(app, list(words), prog_name="searcher")
    return [done.exit_code, done.stdout, done.stderr]


def _cores(address: str, allowed: str = "") -> list[Any]:
    with connect(address, allow_unauthenticated=bool(allowed)) as session:
        return [session.cpus]


def _main() -> None:
    does = {"searcher": _searcher, "cores": _cores}
    _have_addresses()
    with ray_head(host=HOST, guarded=False) as head:
        head.wait_for(int(head.clients.rpartition(":")[2]))
        print(json.dumps(asdict(head)), flush=True)  # noqa: T201
        for line in sys.stdin:
            name, *words = json.loads(line)
            print(json.dumps(does[name](*words)), flush=True)  # noqa: T201


if __name__ == "__main__":
    _main()
