"""Commands in processes of their own that start at once: forked where the libraries are imported.

To start Python and import Ray and scikit-learn takes a driver longer than all that these tests
have it do. So one process imports them, nothing of ours, and forks for each command: the child
has its own session, environment, output and luck, imports our code itself, and ends like any
process. Only the seed of ``hash`` is that of its parent.

>>> with Forks(environment) as forks:
...     process = forks.start(["searcher", "list"], environment)
...     out, err = process.communicate(timeout=60.0)
"""

import faulthandler
import importlib
import json
import os
import random
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import numpy

LIBRARIES = (
    "ray.tune",
    "ray.tune.search.optuna",
    "sklearn.ensemble",
    "sklearn.naive_bayes",
    "sklearn.model_selection",
    "optuna.samplers",
    "skl2onnx",
    "sqlalchemy.dialects.sqlite",
    "alembic.command",
    "psycopg",
    "pydantic",
    "typer",
    "rich.console",
    "plotly.graph_objects",
    "jinja2",
)
"""Without onnxruntime (1.31), whose import starts a thread that a fork lacks: it never ends."""

STOPPED = "stopped"


class Forks:
    """The process that forks; it ends with the block, or with whoever started it.

    Parameters
    ----------
    environment
        Its own environment; each command is given one.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(theirs.fileno())],
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )

    def start(
        self, command: Sequence[str], environment: Mapping[str, str], *, folder: Path = Path()
    ) -> "Forked":
        """Run a Python script, the first word, with arguments, the other ones, in a folder."""
        asked = json.dumps([list(command), dict(environment), str(folder.resolve())]).encode()
        status, theirs = os.pipe()
        files = [tempfile.TemporaryFile("w+", encoding="utf-8") for _ in range(2)]  # noqa: SIM115
        try:
            socket.send_fds(self._control, [asked], [theirs, *(file.fileno() for file in files)])
        finally:
            os.close(theirs)
        return Forked(status, *files)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._control.close()
        self._process.wait(60)


class Forked:
    """One command, with what tests use of ``subprocess.Popen``."""

    def __init__(self, status: int, out: IO[str], err: IO[str]) -> None:
        self._status = os.fdopen(status, "rb", buffering=0)  # or select would miss what is read
        self._files = out, err
        self.returncode: int | None = None
        self.pid = int(self._status.readline())

    def poll(self) -> int | None:
        """Its exit code, or minus the signal that ended it; None while it runs."""
        while self.returncode is None and self._hear(0.0):
            pass
        return self.returncode

    def wait_until_stopped(self) -> None:
        """Wait until it is suspended."""
        while self._hear(None) != STOPPED:
            assert self.returncode is None, f"it has ended: {self.returncode}"

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Wait for its end; return what it wrote to stdout and stderr.

        Raises
        ------
        subprocess.TimeoutExpired
            If it runs longer.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while self.returncode is None:
            left = None if deadline is None else max(deadline - time.monotonic(), 0.0)
            if self._hear(left) is None:
                raise subprocess.TimeoutExpired("a forked command", timeout or 0.0)
        self._status.close()
        said = []
        for file in self._files:
            file.seek(0)
            said.append(file.read())
            file.close()
        return said[0], said[1]

    def _hear(self, timeout: float | None) -> str | None:
        """Next news of it, if there is one in time."""
        if not select.select([self._status], [], [], timeout)[0]:
            return None
        news = self._status.readline().decode().strip()
        if news != STOPPED:
            self.returncode = int(news)
        return news


def _serve(control: socket.socket) -> None:
    """Fork for each command that is asked for; return in its process."""
    while True:
        asked, descriptors, _, _ = socket.recv_fds(control, 1 << 20, 3)
        if not asked:
            sys.exit()  # whoever asked is gone
        if os.fork() == 0:
            control.close()
            if _keep(descriptors[0]):
                os._exit(0)
            command, environment, folder = json.loads(asked)
            os.setsid()
            os.chdir(folder)
            return become(command, environment, dict(enumerate(descriptors[1:], start=1)))
        for descriptor in descriptors:
            os.close(descriptor)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG) != (0, 0):  # those whose command has ended
                pass


def _keep(status: int) -> bool:
    """Fork once more, and tell what becomes of that process; False in that process."""
    pid = os.fork()
    if pid == 0:
        os.close(status)
        return False
    os.write(status, f"{pid}\n".encode())
    while True:
        _, found = os.waitpid(pid, os.WUNTRACED)
        if not os.WIFSTOPPED(found):
            os.write(status, f"{os.waitstatus_to_exitcode(found)}\n".encode())
            return True
        os.write(status, f"{STOPPED}\n".encode())


def become(command: list[str], environment: dict[str, str], files: Mapping[int, int]) -> None:
    """Make this process what would be started with these files: number -> descriptor."""
    for number, descriptor in files.items():
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv[:] = command
    sys.path[0] = str(Path(command[0]).parent)
    faulthandler.enable()  # what SIGABRT ends says where it was
    random.seed()  # or all would draw the same
    numpy.random.seed()


def _main() -> Any:
    control = socket.socket(fileno=int(sys.argv[1]))
    for library in LIBRARIES:
        importlib.import_module(library)
    _serve(control)
    from searcher.cli import main

    return main()


if __name__ == "__main__":
    sys.exit(_main())
