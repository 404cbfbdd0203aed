"""How an SQLite store is backed up and restored: by SQLite's own online copy."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.engine import URL

from searcher.errors import StoreError
from searcher.store.engine import (
    file_of,
    open_for_reading,
    open_for_writing,
    plain_errors,
    shown,
    start_log,
)
from searcher.store.revisions import HEAD, known_revisions, revision_of
from searcher.store.soundness import check
from searcher.store.transfer.placing import placed
from searcher.store.transfer.progress import Progress
from searcher.store.transfer.release import Found, refuse_searches, settle

PAGES = 4_096
"""Copied between two words of progress: 16 MB."""

BUSY_S = 30.0


def backup(url: URL, path: Path, *, overwrite: bool, progress: Progress) -> None:
    """Copy a store into ``path``."""
    engine = open_for_reading(url)
    with plain_errors(url), _disposed(engine), placed(path, overwrite=overwrite) as temporary:
        with engine.connect() as connection, connection.begin():
            _known_revision(revision_of(connection), shown(url))
            # This transaction has read: it sees one moment, and what a search commits meanwhile
            # neither changes the copy nor makes SQLite begin it again.
            source: Any = connection.connection.driver_connection
            with closing(sqlite3.connect(temporary)) as target:
                _copy(source, target, progress)
                target.execute("PRAGMA journal_mode = DELETE")  # one file, no log beside it
        _refuse_damage(temporary)


def restore(url: URL, path: Path, *, progress: Progress) -> Found:
    """Make a store of a backup."""
    target = file_of(url)
    if not target.parent.is_dir():
        raise StoreError(f"{shown(url)}: there is no folder {target.parent}")
    with plain_errors(url):
        if not target.exists():
            with placed(target, overwrite=False) as temporary:
                found = _prepare(path, temporary, progress)
        else:
            scratch = target.with_name(f".{target.name}.restoring")
            try:
                found = _prepare(path, scratch, progress)
                _replace(target, scratch, shown(url), progress)
            finally:
                scratch.unlink(missing_ok=True)
        engine = open_for_writing(url)
        with _disposed(engine):
            start_log(engine)
    return found


def _prepare(path: Path, temporary: Path, progress: Progress) -> Found:
    """Copy a backup, and make the copy fit to be a store; the backup is only read."""
    source = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_S)
    with closing(source), closing(sqlite3.connect(temporary)) as target:
        _copy(source, target, progress)
        target.execute("PRAGMA journal_mode = DELETE")
    _refuse_damage(temporary)
    engine = open_for_writing(URL.create("sqlite+pysqlite", database=str(temporary)))
    with _disposed(engine), engine.begin() as connection:
        _known_revision(revision_of(connection), str(path))
        found = settle(connection)
    if found[2] == HEAD:
        problems = check(f"sqlite:///{temporary}")
        if problems:
            raise StoreError(f"{path} is not sound: {'; '.join(problems[:3])}")
    return found


def _replace(target: Path, source: Path, where: str, progress: Progress) -> None:
    """Copy into a store without searches, alone, in one transaction of SQLite's.

    Not by renaming: whoever has the file open would go on with the one that is gone.
    """
    connection = sqlite3.connect(target, timeout=BUSY_S, isolation_level=None)
    with closing(connection), closing(sqlite3.connect(source)) as copy:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")  # what is locked now stays locked
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("COMMIT")
        names = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        tables = {str(name) for (name,) in names} - {"sqlite_sequence"}
        refuse_searches(tables, lambda: _count(connection), where)
        _copy(copy, connection, progress)


def _count(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM searches").fetchone()[0])


def _copy(source: sqlite3.Connection, target: sqlite3.Connection, progress: Progress) -> None:
    def told(_: int, remaining: int, total: int) -> None:
        progress("pages", total - remaining, total)

    source.backup(target, pages=PAGES, progress=told)


def _refuse_damage(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        said = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if said != "ok":
        raise StoreError(f"the copy is damaged, and so is what it was made of: {said}")


def _known_revision(revision: str, where: str) -> None:
    if revision not in known_revisions():
        what = f"schema {revision}, which is newer than this searcher" if revision else "no schema"
        raise StoreError(f"{where} has {what}; it is no store that can be copied")


@contextmanager
def _disposed(engine: Engine) -> Iterator[None]:
    try:
        yield
    finally:
        engine.dispose()
