"""How a search goes: its rows in one transaction, and the files that are still as it left them."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Table, delete, func, select, text, union

from searcher.errors import LeaseHeldError, NotFoundError
from searcher.store import leases, schema
from searcher.store.belongings import files_of
from searcher.store.engine import (
    DEFAULT_URL,
    open_for_reading,
    open_for_writing,
    parse_url,
    plain_errors,
)
from searcher.store.removal import Left, Removable, remove, remove_if_empty
from searcher.store.revisions import require_head
from searcher.store.schema import folds, index_arrays, metadata, searches, trials


@dataclass(frozen=True, slots=True)
class Deletion:
    """What deleting a search means."""

    search_id: str
    rows: dict[str, int]  # table -> how many
    files: tuple[Removable, ...]  # that go
    left: tuple[Left, ...]  # files that stay, and why

    @property
    def size_bytes(self) -> int:
        """How much space the files take."""
        return sum(file.size_bytes for file in self.files)


def plan_deletion(
    url: str = DEFAULT_URL, search_id: str = "", *, keep_files: bool = False
) -> Deletion:
    """Say what ``delete_search`` would delete, and change nothing.

    Raises
    ------
    NotFoundError
        If there is no search of exactly that id.
    LeaseHeldError
        If a live driver has it.
    """
    parsed = parse_url(url)
    engine = open_for_reading(parsed)
    try:
        with plain_errors(parsed), engine.connect() as connection, connection.begin():
            require_head(parsed, connection)
            refuse_live(connection, search_id)
            return _plan(connection, search_id, keep_files=keep_files)
    finally:
        engine.dispose()


def delete_search(
    url: str = DEFAULT_URL, search_id: str = "", *, keep_files: bool = False
) -> Deletion:
    """Delete a search with everything that belongs to it.

    Files are removed within the transaction, after the rows and before the commit: whatever
    fails, a search whose files are gone is either gone too or can be deleted once more.

    Parameters
    ----------
    search_id
        The whole id.
    keep_files
        Whether to leave its files where they are.

    Returns
    -------
    Deletion
        What was deleted, and which files were left because they are no longer what was recorded.

    Raises
    ------
    NotFoundError
        If there is no search of exactly that id.
    LeaseHeldError
        If a live driver has it.
    StoreError
        If the store can't be written; the rows are all there then.
    """
    parsed = parse_url(url)
    engine = open_for_writing(parsed)
    try:
        with plain_errors(parsed), engine.begin() as connection:
            require_head(parsed, connection)
        with leases.hold(url, search_id) as lease, plain_errors(parsed), engine.begin() as writing:
            leases.check(writing, lease)
            plan = _plan(writing, search_id, keep_files=keep_files)
            _delete_rows(writing, search_id)
            return _without_files(plan)
    finally:
        engine.dispose()


def own_rows(table: Table, search_id: str) -> ColumnElement[bool] | None:
    """Tell the rows of a table that belong to a search; None where rows belong to nobody."""
    if "search_id" in table.c:
        return table.c.search_id == search_id
    if "trial_id" in table.c:
        of_search = select(trials.c.trial_id).where(trials.c.search_id == search_id)
        return table.c.trial_id.in_(of_search)
    return None


def lock_arrays(connection: Connection) -> None:
    """Let no search begin that would count on an array that is about to go."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE index_arrays IN EXCLUSIVE MODE"))


def unused_arrays() -> ColumnElement[bool]:
    """Tell the arrays that no fold uses."""
    # One pass over the folds: a subquery for each array would be a pass for each.
    used = union(select(folds.c.train_sha256), select(folds.c.test_sha256))
    return index_arrays.c.sha256.not_in(used)


def refuse_live(connection: Connection, search_id: str) -> None:
    """Refuse what can't be done while a driver works.

    Raises
    ------
    LeaseHeldError
        If a live driver has the search.
    """
    standing = leases.standing(connection, search_id)
    if standing is not None and standing.live:
        raise LeaseHeldError(search_id, standing.owner, standing.since)


def _plan(connection: Connection, search_id: str, *, keep_files: bool) -> Deletion:
    found = connection.execute(
        select(searches.c.environment).where(searches.c.search_id == search_id)
    ).one_or_none()
    if found is None:
        raise NotFoundError(f"there is no search {search_id}")
    rows = {}
    for table in metadata.sorted_tables:
        own = own_rows(table, search_id)
        if own is not None and table is not schema.leases:  # deleting takes one itself
            counted = connection.scalar(select(func.count()).select_from(table).where(own))
            rows[table.name] = int(counted or 0)
    looked = [] if keep_files else list(files_of(connection, search_id, found.environment))
    return Deletion(
        search_id,
        {name: n for name, n in rows.items() if n},
        tuple(file for file in looked if isinstance(file, Removable)),
        tuple(file for file in looked if isinstance(file, Left)),
    )


def _delete_rows(connection: Connection, search_id: str) -> None:
    """Delete rows before those that they point at, so that nothing is left to a cascade."""
    lock_arrays(connection)
    for table in reversed(metadata.sorted_tables):
        own = own_rows(table, search_id)
        if own is not None:
            connection.execute(delete(table).where(own))
    connection.execute(delete(index_arrays).where(unused_arrays()))


def _without_files(plan: Deletion) -> Deletion:
    gone, left = [], list(plan.left)
    for file in plan.files:
        if (why := remove(file)) is None:
            gone.append(file)
        else:
            left.append(why)
    own = {file.path.parent for file in gone if file.kind == "checkpoint"}
    own |= {file.path.parent for file in gone if file.path.parent.name == plan.search_id}
    for folder in sorted(own, reverse=True):
        remove_if_empty(folder)
    return Deletion(plan.search_id, plan.rows, tuple(gone), tuple(left))
