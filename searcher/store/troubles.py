"""Which of a database's errors pass: what is worth waiting for, and for how long."""

import random
import sqlite3
from collections.abc import Iterator

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError

AGAIN = {"40001", "40P01"}
"""PostgreSQL's serialization failure and deadlock: the same transaction again may pass at once."""

AWAY = ("08", "57P", "53", "25P03")
"""Beginnings of PostgreSQL's codes for lost connections, shutdowns and exhausted resources (a full
disk, too many connections), and of transactions that it ended because nothing came for long."""

FILE_AWAY = ("database is locked", "database or disk is full", "disk I/O error")
"""What SQLite says of troubles that somebody else may end."""

SHORTEST_S, LONGEST_S = 0.05, 5.0


def is_passing(error: BaseException) -> bool:
    """Whether the same transaction may succeed later, unchanged."""
    if isinstance(error, sqlite3.Error):
        return any(words in str(error) for words in FILE_AWAY)
    if not isinstance(error, SQLAlchemyError):
        return False
    if not isinstance(error, DBAPIError):
        return False
    code = getattr(error.orig, "sqlstate", None)
    if code is not None:
        return code in AGAIN or code.startswith(AWAY)
    if isinstance(error.orig, sqlite3.Error):
        return is_passing(error.orig)
    # Without a code the server never answered: refused, reset, or closed in the middle.
    return error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)


def is_brief(error: BaseException) -> bool:
    """Whether to try again at once: only another transaction was in the way."""
    code = getattr(getattr(error, "orig", None), "sqlstate", None)
    return code in AGAIN


def backoff() -> Iterator[float]:
    """Seconds to wait before each further attempt: doubling, shuffled, five at most."""
    longest = SHORTEST_S
    while True:
        yield longest * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
        longest = min(2 * longest, LONGEST_S)
