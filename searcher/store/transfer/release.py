"""What a restored store knows of who drives its searches: nobody."""

from collections.abc import Callable

from sqlalchemy import Connection, func, inspect, select, update

from searcher.errors import StoreError
from searcher.store.revisions import revision_of
from searcher.store.schema import leases, searches, trials

Found = tuple[int, int, str, tuple[str, ...]]


def settle(connection: Connection) -> Found:
    """Let go of every lease; return how many searches and trials there are, and what was running.

    The drivers that held them write to the store that the backup was made of, and not to this one.
    """
    if inspect(connection).has_table(leases.name):
        connection.execute(update(leases).values(released=True))
    running = select(searches.c.search_id).where(searches.c.state == "running")
    return (
        int(connection.scalar(select(func.count()).select_from(searches)) or 0),
        int(connection.scalar(select(func.count()).select_from(trials)) or 0),
        revision_of(connection),
        tuple(connection.scalars(running.order_by(searches.c.id))),
    )


def refuse_searches(tables: set[str], count: Callable[[], int], where: str) -> None:
    """Refuse a store that has searches, or a database of another program.

    Parameters
    ----------
    count
        Says how many searches there are, if there is such a table.

    Raises
    ------
    StoreError
        Says what is there.
    """
    if not tables - {"alembic_version"}:
        return
    if searches.name not in tables:
        raise StoreError(
            f"{where} is no store of searcher (it has {', '.join(sorted(tables)[:3])})"
        )
    if found := count():
        raise StoreError(
            f"{where} has {found} searches already; a backup is restored to a place without any: "
            "name another with --store, or move that store away"
        )
