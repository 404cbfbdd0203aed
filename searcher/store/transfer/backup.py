"""How a whole store is copied into one file, and back, whichever database it is in."""

from dataclasses import dataclass
from pathlib import Path

from searcher.errors import NotFoundError, StoreError
from searcher.store.engine import parse_url, shown
from searcher.store.transfer import file_backup, server_backup
from searcher.store.transfer.placing import check_place
from searcher.store.transfer.progress import Progress, silent

SQLITE = b"SQLite format 3\x00"
POSTGRESQL = b"PGDMP"

KINDS = {SQLITE: "sqlite", POSTGRESQL: "postgresql"}


@dataclass(frozen=True, slots=True)
class Restored:
    """What came back."""

    searches: int
    trials: int
    revision: str  # of the schema; an older one wants `searcher store upgrade`
    running: tuple[str, ...]  # searches that ran when the backup was made, and can be resumed


def backup(
    url: str, path: str | Path, *, overwrite: bool = False, progress: Progress = silent
) -> Path:
    """Copy a store into a file, as of one moment, while searches may go on writing to it.

    A copy of an SQLite store is an SQLite file, and can be used as it is; of a PostgreSQL store
    it is an archive that ``pg_dump`` writes and ``pg_restore`` reads.

    Raises
    ------
    NotFoundError
        When there is no store.
    StoreError
        When the file exists and may not be replaced, or the copy can't be made.
    """
    path, parsed = Path(path), parse_url(url)
    check_place(path, overwrite=overwrite)
    make = file_backup.backup if parsed.get_backend_name() == "sqlite" else server_backup.backup
    make(parsed, path, overwrite=overwrite, progress=progress)
    return path


def restore(url: str, path: str | Path, *, progress: Progress = silent) -> Restored:
    """Make a store of a backup, where there is none yet, or one without searches.

    Nobody drives the searches in it, whoever did when the backup was made: what was running can
    be resumed.

    Raises
    ------
    NotFoundError
        When there is no such file.
    StoreError
        When the store has searches, or the file is damaged, of another database, or no backup.
        The store is as it was then.
    """
    path, parsed = Path(path), parse_url(url)
    database, kind = parsed.get_backend_name(), kind_of(path)
    if kind != database:
        raise StoreError(
            f"{path} is a backup of a store on {kind}, {shown(parsed)} is one on {database}; "
            "`searcher store export` and `import` move searches between them"
        )
    make = file_backup.restore if database == "sqlite" else server_backup.restore
    return Restored(*make(parsed, path, progress=progress))


def kind_of(path: Path) -> str:
    """Return the database that a backup is of.

    Raises
    ------
    NotFoundError
        When there is no such file.
    StoreError
        When it is no backup.
    """
    if not path.is_file():
        raise NotFoundError(f"there is no file {path}")
    with path.open("rb") as file:
        begin = file.read(max(map(len, KINDS)))
    for signature, kind in KINDS.items():
        if begin.startswith(signature):
            return kind
    hint = " (`searcher store import` reads it)" if begin.startswith(b"PK") else ""
    raise StoreError(f"{path} is no backup of a store{hint}")
