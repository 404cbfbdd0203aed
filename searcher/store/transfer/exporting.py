"""How a whole search becomes one portable file."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import file_digest
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, func, select

from searcher.records import utc_now
from searcher.store.engine import open_for_reading, parse_url, plain_errors
from searcher.store.reader import Store
from searcher.store.revisions import HEAD, require_head
from searcher.store.schema import metadata, trials
from searcher.store.transfer.belonging import FILES, carried, carried_columns, rows_of
from searcher.store.transfer.cells import writer_of
from searcher.store.transfer.manifest import FORMAT, VERSION, FileMember, Manifest, TableMember
from searcher.store.transfer.packing import Packer
from searcher.store.transfer.placing import check_place, placed
from searcher.store.transfer.progress import Progress, silent

FETCH = 2_000
"""Rows in memory at once."""

EVERY = 10_000
"""Rows between two words of progress."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What went into a file."""

    search_id: str
    path: Path
    rows: dict[str, int]  # table -> how many
    files: int
    missing: tuple[str, ...]  # files that were to come along, and why they did not


def export_search(
    url: str,
    search_id: str,
    path: str | Path,
    *,
    files: bool = False,
    overwrite: bool = False,
    progress: Progress = silent,
) -> Exported:
    """Write everything about a search into one file that any searcher store can import.

    The search may be running: the file is of one moment. Memory does not grow with the trials.

    Parameters
    ----------
    search_id
        Or its beginning.
    files
        Whether models, reports and checkpoints come along.
    overwrite
        Whether a file of that name may be replaced.

    Raises
    ------
    NotFoundError
        When there is no such search.
    StoreError
        When the file exists, or the store can't be read.
    """
    path = Path(path)
    check_place(path, overwrite=overwrite)
    with Store(url) as store:
        found = store.search(search_id).search_id
    parsed = parse_url(url)
    engine = open_for_reading(parsed)
    try:
        with ExitStack() as stack:
            stack.enter_context(plain_errors(parsed))
            temporary = stack.enter_context(placed(path, overwrite=overwrite))
            connection = stack.enter_context(engine.connect())
            stack.enter_context(connection.begin())
            require_head(parsed, connection)
            with Packer(temporary) as packer:
                export = _Export(connection, packer, found, files=files, progress=progress)
                return export.run(path)
    finally:
        engine.dispose()


class _Export:
    """One export under way."""

    def __init__(
        self,
        connection: Connection,
        packer: Packer,
        search_id: str,
        *,
        files: bool,
        progress: Progress,
    ) -> None:
        self._connection, self._packer, self._search_id = connection, packer, search_id
        self._files, self._progress = files, progress
        own = trials.c.search_id == search_id
        counted = select(func.count()).select_from(trials).where(own)
        self._total = int(connection.scalar(counted) or 0)

    def run(self, path: Path) -> Exported:
        tables = {table.name: self._table(table) for table in carried(files=self._files)}
        files, missing = self._pack_files() if self._files else ((), ())
        manifest = Manifest(
            format=FORMAT,
            version=VERSION,
            schema_revision=HEAD,
            searcher=version("searcher"),
            search_id=self._search_id,
            exported_at=utc_now(),
            tables=tables,
            files=files,
        )
        self._packer.manifest(manifest)
        rows = {name: member.rows for name, member in tables.items()}
        return Exported(self._search_id, path, rows, len(files), missing)

    def _table(self, table: Table) -> TableMember:
        rows = read_rows(self._connection, table, self._search_id)
        if table is trials:
            rows = self._told(rows)
        return self._packer.table(table.name, carried_columns(table), rows)

    def _told(self, rows: Iterator[list[Any]]) -> Iterator[list[Any]]:
        for done, row in enumerate(rows, 1):
            if done % EVERY == 0 or done == self._total:
                self._progress("trials", done, self._total)
            yield row

    def _pack_files(self) -> tuple[tuple[FileMember, ...], tuple[str, ...]]:
        packed: dict[str, FileMember] = {}
        missing = []
        for name in FILES:
            table = metadata.tables.get(name)
            if table is None:
                continue
            question = select(table.c.path, table.c.sha256).where(
                table.c.path.in_(_paths(table, self._search_id))
            )
            for path, expected in self._connection.execute(question).all():
                why = _unusable(Path(path), expected)
                if why is not None:
                    missing.append(f"{path}: {why}")
                elif expected not in packed:
                    packed[expected] = self._packer.file(Path(path), expected)
        return tuple(packed.values()), tuple(dict.fromkeys(missing))


def _paths(table: Table, search_id: str) -> Any:
    return rows_of(table, search_id).order_by(None).with_only_columns(table.c.path)


def _unusable(path: Path, expected: str) -> str | None:
    try:
        with path.open("rb") as file:
            found = file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return f"it can't be read ({error.strerror})"
    return None if found == expected else "it is not the file that the store knows"


def read_rows(connection: Connection, table: Table, search_id: str) -> Iterator[list[Any]]:
    """Read a search's rows of one table as cells of JSON, a few at a time."""
    collation = None if connection.dialect.name == "sqlite" else "C"
    question = rows_of(table, search_id, collation=collation)
    writers = [
        (i, write)
        for i, name in enumerate(carried_columns(table))
        if (write := writer_of(table.c[name])) is not None
    ]
    streamed = connection.execute(
        question, execution_options={"stream_results": True, "yield_per": FETCH}
    )
    for found in streamed:
        row = list(found)
        for i, write in writers:
            row[i] = write(row[i])
        yield row
