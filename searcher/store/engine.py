"""How a store's URL becomes a connection, and what goes wrong on the way, in plain words."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from os import W_OK, access
from pathlib import Path
from shutil import disk_usage
from time import monotonic, sleep
from typing import Any, Literal

from sqlalchemy import Connection, Engine, NullPool, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from searcher.errors import NotFoundError, StoreError, near
from searcher.store import server
from searcher.store.meanings import meaning_of
from searcher.store.types import dumps

DEFAULT_URL = "sqlite:///searcher.db"

DRIVERS = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg"}
"""The databases that the store is made for, each with the one driver that it is tested with."""

Synchronous = Literal["NORMAL", "FULL"]

SHARED_BYTES = 128 * 1024
"""What SQLite's readers need at most for the memory that they share: a file beside the store."""

RETRY_S = 0.01


def parse_url(url: str) -> URL:
    """Read a store's URL.

    Raises
    ------
    StoreError
        When it is no URL, or of a database, driver or kind that the store is not made for. The
        message never repeats a password.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise StoreError(
            f"{re.sub('.*@', '***@', masked(url))!r} is not a store's URL; "
            "a file is written sqlite:///searcher.db, "
            "a server postgresql+psycopg://user@host/database"
        ) from error
    database = parsed.get_backend_name()
    if database not in DRIVERS:
        raise StoreError(
            f"no store on {database!r} (in {shown(parsed)}); known: {', '.join(DRIVERS)}."
            f"{near(database, DRIVERS)}"
        )
    if parsed.drivername not in (database, DRIVERS[database]):
        raise StoreError(f"{shown(parsed)}: the driver must be {DRIVERS[database]}")
    if database == "sqlite":
        _check_file_url(parsed)
    elif "@" in (parsed.host or ""):
        raise StoreError(
            "the store's URL has several @; within a password it is written %40 "
            "(and / as %2F, : as %3A, % as %25)"
        )
    return parsed.set(drivername=DRIVERS[database])


def _check_file_url(url: URL) -> None:
    if not url.database or url.database == ":memory:":
        raise StoreError(f"{shown(url)}: a store must outlive its process; name a file")
    if url.query or url.database.startswith("file:") or url.host:
        raise StoreError(
            f"{shown(url)}: a plain path is expected, relative as sqlite:///searcher.db "
            "or absolute as sqlite:////var/lib/searcher.db"
        )


def shown(url: URL) -> str:
    """Return the URL as people may see it: no password."""
    return masked(url.render_as_string(hide_password=True))


def masked(url: str) -> str:
    """Hide what may be a password in a text that may be a URL."""
    hidden = re.sub(r"(://[^/@]*:)[^@]*@", r"\1***@", url)
    return re.sub(r"(?i)(password=)[^&\s]*", r"\1***", hidden)


def file_of(url: URL) -> Path:
    """Return the path of an SQLite store."""
    return Path(url.database or "")


def open_for_writing(
    url: URL, *, synchronous: Synchronous = "NORMAL", busy_timeout_s: float = 30.0
) -> Engine:
    """Return an engine whose transactions may write, one at a time.

    ``busy_timeout_s`` is how long a transaction waits for another's lock, in seconds.

    On SQLite: write-ahead log, so that readers and the writer do not wait for each other.
    ``synchronous="NORMAL"`` keeps every commit when the process is killed, and may lose the
    last ones when the power fails; ``"FULL"`` keeps those too, for one fsync a commit.
    """
    if url.get_backend_name() != "sqlite":
        return _to_server(url, partial(server.writing_engine, lock_timeout_s=busy_timeout_s))
    path = file_of(url)
    if not path.parent.is_dir():
        raise StoreError(f"{shown(url)}: there is no folder {path.parent}")

    def connect() -> sqlite3.Connection:
        # No implicit transactions: sqlite3 would begin them late, and only before some statements.
        connection = sqlite3.connect(
            path, timeout=busy_timeout_s, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        return connection

    # Taking the write lock at once: a transaction that reads first can't always get it later.
    return _file_engine(connect, begin="BEGIN IMMEDIATE")


def open_for_reading(url: URL) -> Engine:
    """Return an engine that can't write, each of whose transactions sees one moment.

    Raises
    ------
    NotFoundError
        When there is no such file: reading never creates one.
    """
    if url.get_backend_name() != "sqlite":
        return _to_server(url, server.reading_engine)
    path = file_of(url)
    if not path.is_file():
        raise NotFoundError(
            f"there is no store at {path} ({path.absolute()}); `searcher run SPEC` creates one, "
            "--store URL or SEARCHER_STORE names another"
        )

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?{_read_only(path)}",
            uri=True,
            timeout=30.0,
            isolation_level=None,
            check_same_thread=False,
        )
        connection.execute("PRAGMA query_only = ON")
        return connection

    return _file_engine(connect, begin="BEGIN")


def _read_only(path: Path) -> str:
    # Reading a write-ahead log needs the files beside the database, and a reader that can't create
    # them (no right, no room) must say that nobody will write either. Asked at every connection,
    # because a writer can come later.
    logged = path.with_name(f"{path.name}-wal").exists()
    may_create = access(path.parent, W_OK) and disk_usage(path.parent).free >= SHARED_BYTES
    return "mode=ro" if logged or may_create else "mode=ro&immutable=1"


def _file_engine(connect: Any, *, begin: str) -> Engine:
    # A connection costs 0.1 ms, and one that is kept open would keep the log from being emptied.
    engine = create_engine(
        "sqlite+pysqlite://",
        creator=connect,
        poolclass=NullPool,
        hide_parameters=True,
        json_serializer=dumps,
    )

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _to_server(url: URL, connect: Callable[[URL], Engine]) -> Engine:
    if not server.has_driver():
        raise StoreError(
            f"{shown(url)}: psycopg is not installed; run `pip install 'searcher[postgres]'`"
        )
    try:
        return connect(url)
    except (SQLAlchemyError, NoSuchModuleError, ImportError) as error:
        raise StoreError(f"{shown(url)}: {explained(error)}") from error


def start_log(engine: Engine, *, timeout_s: float = 30.0) -> None:
    """Switch an SQLite file to its write-ahead log; the file remembers.

    The switch needs the file for itself, and SQLite does not wait for that as it does for other
    locks: while another process is looking at a store that both have just made, it is tried again.
    """
    if engine.dialect.name != "sqlite":
        return
    deadline = monotonic() + timeout_s
    while (mode := _switch_to_log(engine, last=monotonic() >= deadline)) is None:
        sleep(RETRY_S)
    if mode != "wal":
        raise StoreError(
            "the folder's file system can't share memory between processes (SQLite stayed in "
            f"journal mode {mode!r}); put the store on a local disk"
        )


def _switch_to_log(engine: Engine, *, last: bool) -> str | None:
    """Return the mode that the file is in then; None when another process is in the way."""
    connection = engine.raw_connection()
    try:
        return str(connection.cursor().execute("PRAGMA journal_mode = WAL").fetchone()[0])
    except sqlite3.OperationalError as error:
        if last or error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return None
    finally:
        connection.close()


@contextmanager
def plain_errors(url: URL) -> Iterator[None]:
    """Turn the database's exceptions into StoreError, without statements and values."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise StoreError(f"{shown(url)}: {explained(error)}") from error


def explained(error: Exception) -> str:
    """Say in a line what a database's exception means."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    return meaning_of(masked(str(cause).strip().split("\n", 1)[0]))
