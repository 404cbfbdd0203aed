"""How anyone may ask in SQL without being able to change anything."""

import re
import sqlite3
from time import monotonic
from typing import Any

from sqlalchemy import Connection, inspect
from sqlalchemy.exc import SQLAlchemyError

from searcher.errors import StoreError, near
from searcher.store.answers import QueryResult
from searcher.store.engine import explained

MAY = {
    sqlite3.SQLITE_SELECT,
    sqlite3.SQLITE_READ,
    sqlite3.SQLITE_FUNCTION,
    sqlite3.SQLITE_RECURSIVE,
}
"""What SQLite's authorizer lets a query do. A read-only connection alone could still ATTACH."""

STEPS = 10_000
"""SQLite's virtual machine steps between looks at the clock, about a millisecond."""

QUOTED = re.compile(
    r"""'(?:[^']|'')*' | "(?:[^"]|"")*" | --[^\n]* | /\*.*?\*/""", re.VERBOSE | re.DOTALL
)

UNKNOWN = {
    "table": re.compile(r'no such table: (\S+)|relation "([^"]+)" does not exist'),
    "column": re.compile(r'no such column: (\S+)|column "?([^" ]+)"? does not exist'),
}


def run(connection: Connection, sql: str, *, max_rows: int, timeout_s: float) -> QueryResult:
    """Answer one SELECT within the caller's read-only transaction.

    Raises
    ------
    StoreError
        When it is not one SELECT, or takes longer than ``timeout_s`` seconds.
    SQLAlchemyError
        What the database says of it; ``explain`` makes it plain.
    """
    _check_one_select(sql)
    deadline = monotonic() + timeout_s
    _limit(connection, timeout_s, deadline)
    try:
        # Without parameters, so that psycopg leaves % alone.
        result = connection.exec_driver_sql(sql, execution_options={"no_parameters": True})
        rows = result.fetchmany(max_rows + 1)
    except SQLAlchemyError as error:
        if monotonic() >= deadline:
            raise StoreError(
                f"the query took longer than {timeout_s:g} s and was stopped; "
                "narrow it, or allow it more time"
            ) from error
        raise
    finally:
        _unlimit(connection)
    cut = [tuple(row) for row in rows[:max_rows]]
    return QueryResult(columns=list(result.keys()), rows=cut, truncated=len(rows) > max_rows)


def explain(error: SQLAlchemyError, sql: str, connection: Connection) -> StoreError:
    """Say what is wrong with a query, and which names there are."""
    said = explained(error)
    for kind, pattern in UNKNOWN.items():
        if match := pattern.search(said):
            unknown = next(group for group in match.groups() if group)
            known = _tables(connection) if kind == "table" else _columns(connection, sql)
            name = unknown.rsplit(".", 1)[-1]
            return StoreError(
                f"no {kind} named {name!r}; known: {', '.join(known)}.{near(name, known)}"
            )
    if "bindings" in said:
        said = "it has placeholders (?), and values must be written into it"
    return StoreError(f"the query can't be answered: {said}")


def _check_one_select(sql: str) -> None:
    bare = QUOTED.sub(" ", sql).strip().rstrip(";").rstrip()
    first = bare.split(None, 1)[0].lower() if bare else ""
    if first not in ("select", "with"):
        found = repr(first) if first else "nothing"
        raise StoreError(f"one SELECT (or WITH ... SELECT) is expected, found {found}")
    if ";" in bare:
        raise StoreError("one statement is expected, found several (split by ';')")


def _limit(connection: Connection, timeout_s: float, deadline: float) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {int(timeout_s * 1000)}")
        return
    raw = _sqlite(connection)
    raw.set_authorizer(lambda action, *_: _verdict(action))
    raw.set_progress_handler(lambda: int(monotonic() >= deadline), STEPS)


def _unlimit(connection: Connection) -> None:
    if connection.dialect.name != "postgresql":
        raw = _sqlite(connection)
        raw.set_authorizer(None)
        raw.set_progress_handler(None, 0)


def _verdict(action: int) -> int:
    return sqlite3.SQLITE_OK if action in MAY else sqlite3.SQLITE_DENY


def _sqlite(connection: Connection) -> sqlite3.Connection:
    raw = connection.connection.dbapi_connection
    if not isinstance(raw, sqlite3.Connection):
        raise StoreError(f"no query on {connection.dialect.name!r}")
    return raw


def _tables(connection: Connection) -> list[str]:
    """Return the views, which are for asking, then the tables."""
    inspector = inspect(connection)
    return sorted(inspector.get_view_names()) + sorted(inspector.get_table_names())


def _columns(connection: Connection, sql: str) -> list[str]:
    """Return the columns of every table that the query names."""
    words = set(re.findall(r"\w+", sql.lower()))
    named = [table for table in _tables(connection) if table.lower() in words]
    inspector = inspect(connection)
    columns: dict[str, Any] = {}
    for table in named:
        columns |= dict.fromkeys(column["name"] for column in inspector.get_columns(table))
    return list(columns)
