"""How a PostgreSQL store is backed up and restored: by pg_dump and pg_restore."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, func, inspect, select, text
from sqlalchemy.engine import URL

from searcher.errors import StoreError
from searcher.store.engine import open_for_reading, open_for_writing, plain_errors, shown
from searcher.store.revisions import HEAD, known_revisions, migrate, revision_of
from searcher.store.schema import searches
from searcher.store.soundness import check
from searcher.store.transfer import programs
from searcher.store.transfer.placing import placed
from searcher.store.transfer.progress import Progress
from searcher.store.transfer.release import Found, refuse_searches, settle

LOOK_S = 0.5
"""Seconds between two looks at how large a dump has become."""


def backup(url: URL, path: Path, *, overwrite: bool, progress: Progress) -> None:
    """Dump the store's tables and views into ``path``, in PostgreSQL's custom format."""
    engine = open_for_reading(url)
    try:
        with plain_errors(url), engine.connect() as connection, connection.begin():
            revision = revision_of(connection)
            if revision not in known_revisions():
                raise StoreError(f"{shown(url)} has no schema that this searcher knows")
            program = programs.find("pg_dump", _major(connection))
            names, size = _own(connection), _size(connection)
    finally:
        engine.dispose()
    with placed(path, overwrite=overwrite) as temporary:
        temporary.touch(mode=0o600)
        arguments = ["--format=custom", "--no-owner", "--no-privileges", f"--file={temporary}"]
        arguments += [f"--table={name}" for name in names]
        with _watched(temporary, size, progress):
            programs.run(program, arguments, url, what="dumped")


def restore(url: URL, path: Path, *, progress: Progress) -> Found:
    """Make a store of a dump, in one transaction."""
    engine = open_for_writing(url)
    try:
        with plain_errors(url):
            with engine.begin() as connection:
                program = programs.find("pg_restore", _major(connection))
                _clear(connection, shown(url))
            size = path.stat().st_size
            progress("bytes", 0, size)
            arguments = ["--single-transaction", "--exit-on-error", "--no-owner"]
            arguments += ["--no-privileges", f"--dbname={url.database}", str(path)]
            programs.run(program, arguments, url, what="restored")
            progress("bytes", size, size)
            with engine.begin() as connection:
                found = settle(connection)
    finally:
        engine.dispose()
    if found[2] == HEAD:
        problems = check(url.render_as_string(hide_password=False))
        if problems:
            raise StoreError(f"{path} was restored and is not sound: {'; '.join(problems[:3])}")
    return found


def _clear(connection: Connection, where: str) -> None:
    """Take an empty store's schema away, so that the dump finds nothing that is in its way."""
    tables = set(inspect(connection).get_table_names())
    if searches.name in tables:  # nobody begins a search between this look and the end
        connection.execute(text("LOCK TABLE searches IN ACCESS EXCLUSIVE MODE"))
    refuse_searches(tables, lambda: _count(connection), where)
    if searches.name in tables:
        migrate(connection, "base", down=True)
    connection.execute(text("DROP TABLE IF EXISTS alembic_version"))


def _count(connection: Connection) -> int:
    return int(connection.scalar(select(func.count()).select_from(searches)) or 0)


def _major(connection: Connection) -> int:
    return int(connection.scalar(text("SHOW server_version_num")) or 0) // 10_000


def _own(connection: Connection) -> list[str]:
    """Name the store's own tables and views; a database may have others."""
    found = inspect(connection)
    schema = found.default_schema_name
    return [f'"{schema}"."{name}"' for name in found.get_table_names() + found.get_view_names()]


def _size(connection: Connection) -> int:
    return int(connection.scalar(text("SELECT pg_database_size(current_database())")) or 0)


@contextmanager
def _watched(path: Path, size: int, progress: Progress) -> Iterator[None]:
    """Tell how large a file has become while another process writes it."""
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(LOOK_S):
            progress("bytes", path.stat().st_size, size)  # packed, of what the database takes

    watcher = threading.Thread(target=look, name="backup-progress", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()
