"""How many networks are traced in little time: by forks of one process that has torch imported."""

import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import IO

from searcher.export.networks import trace_torch
from searcher.export.script import environment, run_script

SCRIPT = str(trace_torch.__file__)


class Server:
    """A process that traces what it is asked to, each network in a fork of its own.

    It starts with the first network. It is ended, with its fork, where one takes too long or the
    asking is broken off; the next one starts another.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the server

    def trace(self, folder: Path, *, timeout_s: float) -> subprocess.CompletedProcess[bytes]:
        """Do as ``run_script`` does with the script on the folder."""
        process = self._process or self._start()
        try:
            answer = _ask(process, folder, timeout_s)
        except BaseException:  # an alarm may ring in here, and then the answer is still to come
            self._end()
            raise
        if answer:
            said = (folder / "stderr.txt").read_bytes()
            return subprocess.CompletedProcess(SCRIPT, int(answer), b"", said)
        code = process.wait()  # it is gone, and the fork with it
        self._end()
        self._said.seek(0)
        return subprocess.CompletedProcess(SCRIPT, code or 1, b"", self._said.read())

    def close(self) -> None:
        """End the process."""
        if self._process is not None and self._process.stdin is not None:
            with suppress(OSError, subprocess.TimeoutExpired):
                self._process.stdin.close()  # it ends when nothing is asked any more
                self._process.wait(timeout=5)
        self._end()
        self._said.close()

    def _start(self) -> subprocess.Popen[bytes]:
        self._process = subprocess.Popen(  # noqa: S603 - our own script
            [sys.executable, "-P", SCRIPT],
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            bufsize=0,
            start_new_session=True,  # ended together with its fork
        )
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()


_SERVER: ContextVar[Server | None] = ContextVar("server of traces", default=None)


@contextmanager
def warm() -> Iterator[None]:
    """Import torch once for all networks that are traced in the block, each in its own process.

    Only where a process can be copied safely (Linux); elsewhere nothing is saved.
    """
    if sys.platform != "linux":
        yield
        return
    server = Server()
    token = _SERVER.set(server)
    try:
        yield
    finally:
        _SERVER.reset(token)
        server.close()


def trace(folder: Path, *, timeout_s: float) -> subprocess.CompletedProcess[bytes]:
    """Run ``trace_torch`` on a folder: by a process that is warm, if there is one.

    Raises
    ------
    subprocess.TimeoutExpired
        After ``timeout_s`` seconds; the process is gone then.
    """
    server = _SERVER.get()
    if server is None:
        return run_script(SCRIPT, folder, timeout_s=timeout_s)
    return server.trace(folder, timeout_s=timeout_s)


def _ask(process: subprocess.Popen[bytes], folder: Path, timeout_s: float) -> bytes:
    """Return the line that is answered; nothing if the process is gone."""
    if process.stdin is None or process.stdout is None:
        raise TypeError("the process has no pipes")
    with suppress(BrokenPipeError):
        process.stdin.write(f"{folder}\n".encode())
    ready, _, _ = select.select([process.stdout], [], [], timeout_s)
    if not ready:
        raise subprocess.TimeoutExpired(SCRIPT, timeout_s)
    return process.stdout.readline()
