"""How a portable file becomes a search in a store: whole, once, and only if all of it is sound."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, select
from sqlalchemy.exc import IntegrityError

from searcher.errors import StoreError
from searcher.store import arrays, schema
from searcher.store.engine import open_for_writing, parse_url, plain_errors, shown, start_log
from searcher.store.revisions import HEAD, prepare
from searcher.store.transfer.belonging import FILES, carried, carried_columns
from searcher.store.transfer.cells import reader_of
from searcher.store.transfer.loading import load
from searcher.store.transfer.manifest import Manifest, TableMember
from searcher.store.transfer.progress import Progress, silent
from searcher.store.transfer.renaming import checked_id, ids_of
from searcher.store.transfer.settling import Settling
from searcher.store.transfer.unpacking import Unpacker

LONGEST = 2**25
"""Positions in one array: a fold of 33 million rows; reading one takes 400 MB."""

Row = list[Any]


@dataclass(frozen=True, slots=True)
class Imported:
    """What came into the store."""

    search_id: str
    rows: dict[str, int]  # table -> how many
    files: tuple[Path, ...]


def import_search(
    url: str,
    path: str | Path,
    *,
    new_id: str | None = None,
    folder: str | Path | None = None,
    progress: Progress = silent,
) -> Imported:
    """Read a search from a portable file into a store, in one transaction.

    Parameters
    ----------
    new_id
        An id for it here; None keeps its own.
    folder
        Where files that came along are put; ``searcher-output/<search_id>`` if None.

    Raises
    ------
    NotFoundError
        When there is no such file.
    StoreError
        When the file is damaged, is none, is of another version, or contradicts itself; when the
        search exists already. Nothing was written then.
    """
    with Unpacker(Path(path)) as unpacker:
        found = unpacker.manifest
        check_contents(found, path)
        search_id = checked_id(found.search_id if new_id is None else new_id)
        unpacker.verify(progress)
        where = Path("searcher-output") / search_id if folder is None else Path(folder)
        return _Import(url, unpacker, search_id, where, progress).run()


def check_contents(manifest: Manifest, path: str | Path) -> None:
    """Refuse a file whose tables are not those of this searcher's schema.

    Raises
    ------
    StoreError
        Says what would help.
    """
    if manifest.schema_revision != HEAD:
        raise StoreError(
            f"{path} was written with schema {manifest.schema_revision} (searcher "
            f"{manifest.searcher}), this searcher has {HEAD}; bring its store to that schema with "
            "`searcher store upgrade` and export it again, or upgrade searcher here"
        )
    expected = {table.name: carried_columns(table) for table in carried(files=True)}
    for name, member in manifest.tables.items():
        if name not in expected:
            raise StoreError(f"{path} has a table {name!r} that no search has")
        if list(member.columns) != expected[name]:
            raise StoreError(f"{path}: table {name} has other columns than schema {HEAD}")
    lacking = [t.name for t in carried(files=False) if t.name not in manifest.tables]
    if lacking:
        raise StoreError(f"{path} lacks {', '.join(lacking)}")


class _Import:
    """One import under way."""

    def __init__(
        self, url: str, unpacker: Unpacker, search_id: str, folder: Path, progress: Progress
    ) -> None:
        self._url = parse_url(url)
        self._unpacker, self._manifest = unpacker, unpacker.manifest
        self._search_id, self._progress = search_id, progress
        self._settling = Settling(unpacker, folder)

    def run(self) -> Imported:
        engine = open_for_writing(self._url)
        try:
            with ExitStack() as stack:
                stack.enter_context(plain_errors(self._url))
                with self._settling, engine.begin() as connection:
                    prepare(self._url, connection)
                    self._refuse_known(connection)
                    rows = self._load_all(connection)
                start_log(engine)
        finally:
            engine.dispose()
        return Imported(self._search_id, rows, self._settling.files)

    def _refuse_known(self, connection: Connection) -> None:
        known = select(schema.searches.c.name).where(schema.searches.c.search_id == self._search_id)
        if connection.scalar(known) is not None:
            raise StoreError(
                f"search {self._search_id} exists already in {shown(self._url)}; "
                "--as ID imports it under another id"
            )

    def _load_all(self, connection: Connection) -> dict[str, int]:
        counts = {}
        try:
            for table in carried(files=True):
                if table.name in self._manifest.tables:
                    member = self._manifest.tables[table.name]
                    rows = self._rows(table, member)
                    counts[table.name] = load(connection, table, list(member.columns), rows)
        except IntegrityError as error:
            raise StoreError(f"the file contradicts itself: {error.orig}") from error
        if counts["searches"] != 1:
            raise StoreError(f"the file has {counts['searches']} searches; allowed: one")
        return counts

    def _rows(self, table: Table, member: TableMember) -> Iterator[Row]:
        readers = [reader_of(table.c[name]) for name in member.columns]
        ids = ids_of(table, member.columns, self._manifest.search_id, self._search_id)
        checks = self._checks(table, member.columns)
        for done, cells in enumerate(self._unpacker.rows(table.name), 1):
            row = [read(cell) for read, cell in zip(readers, cells, strict=True)]
            for i, rename in ids.items():
                row[i] = rename(row[i])
            for check in checks:
                check(row)
            if table is schema.trials and (done % 10_000 == 0 or done == member.rows):
                self._progress("trials", done, member.rows)
            yield row

    def _checks(self, table: Table, columns: tuple[str, ...]) -> list[Callable[[Row], None]]:
        if table is schema.index_arrays:
            return [_array_checker(columns)]
        if table is schema.trials:
            return [_trial_checker(columns)]
        if table.name in FILES:
            return [self._settling.settler(columns)]
        return []


def _array_checker(columns: tuple[str, ...]) -> Callable[[Row], None]:
    """Refuse arrays that are not what their keys say: every search in the store shares them."""
    places = [columns.index(name) for name in ("sha256", "encoding", "length", "data")]

    def check(row: Row) -> None:
        sha, encoding, length, data = (row[i] for i in places)
        if not 0 <= length <= LONGEST:
            raise StoreError(f"an array of {length:,} positions; allowed: {LONGEST:,}")
        arrays.decode(sha, encoding, length, data)

    return check


def _trial_checker(columns: tuple[str, ...]) -> Callable[[Row], None]:
    places = [columns.index(name) for name in ("trial_id", "search_id", "outer_fold", "number")]

    def check(row: Row) -> None:
        trial_id, *parts = (row[i] for i in places)
        expected = ".".join(map(str, parts))
        if trial_id != expected:
            raise StoreError(f"trial {trial_id[:80]!r} is {expected[:80]!r} by its other cells")

    return check
