"""At most one live driver a search: a row with an owner, an epoch and an expiry.

Time is the database's clock, so that drivers with wrong clocks agree. Every transaction of a
driver asks for its epoch first, under a lock that a rival needs too: one that was suspended past
its lease and wakes up writes nothing.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Double,
    Row,
    Select,
    bindparam,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.sql.expression import literal_column

from searcher.errors import FencedError, LeaseHeldError, NotFoundError
from searcher.store.engine import open_for_writing, parse_url, plain_errors
from searcher.store.holder import describe_process, is_gone, shown
from searcher.store.schema import leases, searches

TTL_S = float(os.environ.get("SEARCHER_LEASE_S", "60"))
"""How long a driver is believed to live after its last heartbeat, in seconds. On the machine of a
dead driver nobody waits for it: there the process can be looked for."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write a search, for as long as nobody has a later epoch."""

    search_id: str
    epoch: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Who drives a search."""

    owner: str  # for people
    since: datetime  # UTC, by the database's clock
    epoch: int
    live: bool  # whether the lease holds
    seen_at: datetime  # its last heartbeat, by the database's clock


def acquire(connection: Connection, search_id: str, *, ttl_s: float = TTL_S) -> Lease:
    """Take a search's lease, within the caller's transaction.

    Raises
    ------
    LeaseHeldError
        If a live driver has it.
    NotFoundError
        If there is no such search.
    """
    holder = describe_process()
    now = _now(connection)
    found = _row(connection, search_id, lock=True)
    values = {
        "owner": shown(holder),
        "holder": holder,
        "acquired_at": now,
        "heartbeat_at": now,
        "expires_at": now + ttl_s,
        "released": False,
        "stop_requested": False,
    }
    if found is None:
        known = select(searches.c.id).where(searches.c.search_id == search_id)
        if connection.execute(known).first() is None:
            raise NotFoundError(f"there is no search {search_id}")
        connection.execute(insert(leases).values(search_id=search_id, epoch=1, **values))
        return Lease(search_id, 1)
    standing = _standing(found)
    if standing.live:
        raise LeaseHeldError(search_id, standing.owner, standing.since)
    mine = leases.c.search_id == search_id
    connection.execute(update(leases).where(mine).values(epoch=found.epoch + 1, **values))
    return Lease(search_id, found.epoch + 1)


def check(connection: Connection, lease: Lease, *, forgiving: bool = False) -> None:
    """See to it that the transaction is written under the lease, or not at all.

    Parameters
    ----------
    forgiving
        Whether a lease that ran out is good as long as nobody has taken it: while the database
        was away nobody could, and nobody could renew it.

    Raises
    ------
    FencedError
        If somebody else has it, or it ran out.
    """
    found = _row(connection, lease.search_id, lock=True)
    if found is None or found.epoch != lease.epoch:
        owner = "nobody" if found is None else f"{found.owner}, since {_when(found.acquired_at)}"
        raise FencedError(lease.search_id, f"it is held by {owner}")
    if found.released or (found.expires_at <= found.now and not forgiving):
        raise FencedError(lease.search_id, "this process was suspended for longer than it lasts")


def renew(connection: Connection, lease: Lease, *, ttl_s: float = TTL_S) -> bool:
    """Prolong a lease that ``check`` has found good; return whether a stop was asked for."""
    now = _now(connection)
    mine = (leases.c.search_id == lease.search_id) & (leases.c.epoch == lease.epoch)
    connection.execute(update(leases).where(mine).values(heartbeat_at=now, expires_at=now + ttl_s))
    return bool(connection.scalar(select(leases.c.stop_requested).where(mine)))


def release(connection: Connection, lease: Lease) -> None:
    """Let go of a lease, if it is still held."""
    mine = (leases.c.search_id == lease.search_id) & (leases.c.epoch == lease.epoch)
    connection.execute(update(leases).where(mine).values(released=True))


def request_stop(connection: Connection, search_id: str) -> Standing | None:
    """Ask the live driver to stop; return who that is, None if there is none."""
    found = standing(connection, search_id)
    if found is None or not found.live:
        return None
    mine = (leases.c.search_id == search_id) & (leases.c.epoch == found.epoch)
    connection.execute(update(leases).where(mine).values(stop_requested=True))
    return found


def standing(connection: Connection, search_id: str) -> Standing | None:
    """Say who drives a search, or did last; None if nobody ever has."""
    found = _row(connection, search_id, lock=False)
    return None if found is None else _standing(found)


@contextmanager
def hold(url: str, search_id: str, *, ttl_s: float = 600.0) -> Iterator[Lease]:
    """Keep drivers away from a search for as long as the block runs: to delete it, say.

    Raises
    ------
    LeaseHeldError
        If a live driver has it.
    """
    parsed = parse_url(url)
    engine = open_for_writing(parsed)
    try:
        with plain_errors(parsed), engine.begin() as connection:
            lease = acquire(connection, search_id, ttl_s=ttl_s)
        try:
            yield lease
        finally:
            with plain_errors(parsed), engine.begin() as connection:
                release(connection, lease)
    finally:
        engine.dispose()


def _row(connection: Connection, search_id: str, *, lock: bool) -> Row[Any] | None:
    question = _question(connection.dialect.name, lock=lock)
    return connection.execute(question, {"of_search": search_id}).first()


@cache  # every transaction of a driver asks it
def _question(dialect: str, *, lock: bool) -> Select[Any]:
    now = _clock(dialect).label("now")
    question = select(leases, now).where(leases.c.search_id == bindparam("of_search"))
    # On SQLite the transaction has the only lock there is.
    return question.with_for_update() if lock else question


def _standing(row: Row[Any]) -> Standing:
    live = not row.released and row.expires_at > row.now and not is_gone(row.holder)
    since, seen_at = (datetime.fromtimestamp(at, UTC) for at in (row.acquired_at, row.heartbeat_at))
    return Standing(row.owner, since, row.epoch, live, seen_at)


def _now(connection: Connection) -> float:
    return float(connection.scalar(select(_clock(connection.dialect.name))) or 0.0)


def _clock(dialect: str) -> ColumnElement[float]:
    """Seconds since 1970 by the database's clock, now and not when the transaction began."""
    if dialect == "sqlite":
        return literal_column("((julianday('now') - 2440587.5) * 86400.0)", Double)
    return func.extract("epoch", text("clock_timestamp()")).cast(Double)


def _when(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
