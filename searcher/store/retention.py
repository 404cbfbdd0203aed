"""What a store keeps that nobody needs any more, and how to free it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection, Engine, delete, func, select

from searcher.errors import LeaseHeldError, NotFoundError
from searcher.store import leases, schema
from searcher.store.belongings import folders_of, spool_of, temporaries_in
from searcher.store.deletion import lock_arrays, unused_arrays
from searcher.store.engine import (
    DEFAULT_URL,
    open_for_reading,
    open_for_writing,
    parse_url,
    plain_errors,
)
from searcher.store.removal import Left, Removable, located, remove, remove_if_empty
from searcher.store.revisions import require_head
from searcher.store.schema import artifacts, checkpoints, index_arrays, searches
from searcher.store.spare_checkpoints import KEEP_BEST, Spare, spare_checkpoints

GarbageKind = Literal["temporary", "spool", "checkpoint", "index arrays", "free pages"]


@dataclass(frozen=True, slots=True)
class Garbage:
    """Something that can be freed."""

    kind: GarbageKind
    what: str  # path or description
    size_bytes: int
    search_id: str | None = None
    file: Removable | None = None
    row: tuple[str, int] | None = None  # trial and resource of a checkpoint's row


@dataclass(frozen=True, slots=True)
class Collection:
    """What can be freed, or was, and what is left and why."""

    garbage: tuple[Garbage, ...]
    left: tuple[Left, ...]

    @property
    def size_bytes(self) -> int:
        """How much space it takes in all."""
        return sum(one.size_bytes for one in self.garbage)


def plan_gc(url: str = DEFAULT_URL, *, keep_best: int = KEEP_BEST) -> Collection:
    """Say what ``collect`` would free, and change nothing.

    Parameters
    ----------
    keep_best
        Of how many ended trials of each inner search, the best by score, checkpoints are kept.

    Raises
    ------
    NotFoundError
        If there is no store.
    """
    parsed = parse_url(url)
    engine = open_for_reading(parsed)
    try:
        with plain_errors(parsed), engine.connect() as connection, connection.begin():
            require_head(parsed, connection)
            return _plan(connection, keep_best)
    finally:
        engine.dispose()


def collect(url: str = DEFAULT_URL, *, keep_best: int = KEEP_BEST) -> Collection:
    """Free what nobody needs: files, rows, and the free pages of an SQLite file.

    What a live driver uses is left, and so is a file that is not what its row says.

    Returns
    -------
    Collection
        What was freed.

    Raises
    ------
    NotFoundError
        If there is no store.
    StoreError
        If it can't be written.
    """
    plan = plan_gc(url, keep_best=keep_best)
    parsed = parse_url(url)
    engine = open_for_writing(parsed)
    freed: list[Garbage] = []
    left = list(plan.left)
    try:
        for search_id in dict.fromkeys(one.search_id for one in plan.garbage if one.search_id):
            try:
                with leases.hold(url, search_id) as lease, plain_errors(parsed):
                    _collect_search(engine, lease, keep_best, freed, left)
            except (LeaseHeldError, NotFoundError) as error:  # since the plan was made
                left.append(Left(f"search {search_id}", str(error)))
        with plain_errors(parsed):
            freed += _collect_arrays(engine)
            freed += _collect_pages(engine, left)
    finally:
        engine.dispose()
    return Collection(tuple(freed), tuple(dict.fromkeys(left)))


def _plan(connection: Connection, keep_best: int) -> Collection:
    garbage: list[Garbage] = []
    left: list[Left] = []
    live = _live(connection)
    left += [Left(f"search {search_id}", f"driven by {owner}") for search_id, owner in live.items()]
    known = connection.execute(select(searches.c.search_id, searches.c.state))
    for search_id, state in known.all():
        if search_id not in live:
            found, refused = _of_search(connection, search_id, state, keep_best)
            garbage += found
            left += refused
    garbage += _arrays(connection)
    pages = _free_pages(connection)
    if pages and live:
        left.append(Left("free pages of the database", "searches are running"))
    elif pages:
        garbage.append(Garbage("free pages", "free pages of the database", pages))
    return Collection(tuple(garbage), tuple(left))


def _of_search(
    connection: Connection, search_id: str, state: str, keep_best: int
) -> tuple[list[Garbage], list[Left]]:
    """Find what a search that nobody drives does not need."""
    environment = connection.scalar(
        select(searches.c.environment).where(searches.c.search_id == search_id)
    )
    garbage, left = [], []
    found: list[Removable | Left | None] = []
    if state == "completed":  # any other may be resumed, and then tells what is in its spool
        found.append(spool_of(search_id, environment or {}))
    for folder in _folders(connection, search_id, environment or {}):
        found += temporaries_in(folder)
    for one in found:
        if isinstance(one, Removable):
            kind: Any = one.kind
            garbage.append(Garbage(kind, str(one.path), one.size_bytes, search_id, one))
        elif one is not None:
            left.append(one)
    for spare in spare_checkpoints(connection, search_id, keep_best=keep_best):
        if isinstance(spare.file, Left):
            left.append(spare.file)
        else:
            garbage.append(_checkpoint(spare, search_id))
    return garbage, left


def _checkpoint(spare: Spare, search_id: str) -> Garbage:
    file = spare.file if isinstance(spare.file, Removable) else None
    what = str(spare.path) if file else f"{spare.path} (the row alone: the file is gone)"
    size_bytes = 0 if file is None else file.size_bytes
    return Garbage("checkpoint", what, size_bytes, search_id, file, spare.row)


def _folders(connection: Connection, search_id: str, environment: dict[str, Any]) -> list[Path]:
    left = select(artifacts.c.path).where(artifacts.c.search_id == search_id)
    return folders_of(
        environment, [located(path, environment) for (path,) in connection.execute(left)]
    )


def _live(connection: Connection) -> dict[str, str]:
    """Return searches that a live driver has, and who that is."""
    asked = connection.scalars(select(schema.leases.c.search_id)).all()
    standing = {search_id: leases.standing(connection, search_id) for search_id in asked}
    return {search_id: found.owner for search_id, found in standing.items() if found and found.live}


def _collect_search(
    engine: Engine,
    lease: leases.Lease,
    keep_best: int,
    freed: list[Garbage],
    left: list[Left],
) -> None:
    """Free what a search has, whose lease is held; a row goes once its file is gone."""
    with engine.begin() as connection:
        leases.check(connection, lease)
        state = connection.scalar(
            select(searches.c.state).where(searches.c.search_id == lease.search_id)
        )
        garbage, _ = _of_search(connection, lease.search_id, str(state), keep_best)
        for one in garbage:
            refused = None if one.file is None else remove(one.file)
            if refused is not None:
                left.append(refused)
                continue
            freed.append(one)
            if one.row is not None:
                trial_id, resource = one.row
                own = (checkpoints.c.trial_id == trial_id) & (checkpoints.c.resource == resource)
                connection.execute(delete(checkpoints).where(own))
        for folder in {one.file.path.parent for one in garbage if one.row and one.file}:
            remove_if_empty(folder)


def _arrays(connection: Connection) -> Iterator[Garbage]:
    size = func.coalesce(func.sum(func.length(index_arrays.c.data)), 0)
    unused = connection.execute(select(func.count(), size).where(unused_arrays())).one()
    if unused[0]:
        yield Garbage("index arrays", f"{unused[0]:,} that no fold uses", int(unused[1]))


def _collect_arrays(engine: Engine) -> list[Garbage]:
    with engine.begin() as connection:
        lock_arrays(connection)
        found = list(_arrays(connection))
        connection.execute(delete(index_arrays).where(unused_arrays()))
    return found


def _free_pages(connection: Connection) -> int:
    """Return the bytes of an SQLite file that hold nothing; other databases look after theirs."""
    if connection.dialect.name != "sqlite":
        return 0
    pages = connection.exec_driver_sql("PRAGMA freelist_count").scalar() or 0
    return int(pages) * int(connection.exec_driver_sql("PRAGMA page_size").scalar() or 0)


def _collect_pages(engine: Engine, left: list[Left]) -> Iterator[Garbage]:
    """Give an SQLite file's free pages back, while nobody writes to it for long."""
    with engine.begin() as connection:
        size_bytes, live = _free_pages(connection), _live(connection)
    if not size_bytes or live:
        if size_bytes:
            left.append(Left("free pages of the database", "searches are running"))
        return
    raw = engine.raw_connection()
    try:
        cursor = raw.cursor()
        cursor.execute("VACUUM")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        raw.close()
    yield Garbage("free pages", "free pages of the database", size_bytes)
