"""How anyone may ask in SQL without being able to change anything."""

import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from time import monotonic
from typing import Any

from sqlalchemy import Connection, CursorResult, inspect
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from searcher.errors import QuestionError, StoreError, near
from searcher.store import server_query
from searcher.store.engine import explained
from searcher.store.meanings import MEANINGS

AT_ONCE = 1_000
"""Rows that are fetched at a time."""

LONGEST_CELL = 100_000_000
"""Bytes; SQLite would let a query make a text of a thousand million."""

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


class Rows:
    """The answer to one SELECT: its columns, and its rows, which are not all held at once.

    Each time it is gone through, the query runs anew, within the time that it is allowed.

    Attributes
    ----------
    columns
        Their names, which need not differ.
    truncated
        Whether there were more rows than ``max_rows``; known after the last one.

    Raises
    ------
    QuestionError
        When it is not one SELECT, or takes longer than ``timeout_s`` seconds.
    SQLAlchemyError
        What the database says of it; ``explain`` makes it plain.
    """

    def __init__(
        self, connection: Connection, sql: str, *, max_rows: int, timeout_s: float
    ) -> None:
        self._connection, self._sql = connection, sql
        self._max_rows, self._timeout_s = max_rows, timeout_s
        self._server = connection.dialect.name == "postgresql"
        self.truncated = False
        self._result = self._ask()
        self._fresh = True
        self.columns = list(self._result.keys())

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        """Yield the rows, at most ``max_rows``."""
        if not self._fresh:
            self.close()
            self._result = self._ask()
        self._fresh = False
        left = self._max_rows
        for part in self._timed(self._result):
            for row in part[:left]:
                yield tuple(map(server_query.cell, row)) if self._server else tuple(row)
            self.truncated = len(part) > left
            left -= len(part)
            if left < 0:
                break
        self.close()

    def close(self) -> None:
        """Let go of the database's cursor."""
        with suppress(SQLAlchemyError):  # it went with a transaction that failed
            self._result.close()

    def _ask(self) -> CursorResult[Any]:
        self._deadline = monotonic() + self._timeout_s
        if self._server:
            server_query.limit(self._connection, self._timeout_s)
        else:
            _limit(self._connection, self._deadline)
        # Without parameters, so that psycopg leaves % alone; streamed, so that it makes a cursor.
        options = {"no_parameters": True, "stream_results": True}
        with self._in_time():
            return self._connection.exec_driver_sql(self._sql, execution_options=options)

    def _timed(self, result: CursorResult[Any]) -> Iterator[Sequence[Any]]:
        """Yield parts, one row more than is asked for in all, until the time is over."""
        wanted = self._max_rows + 1
        while wanted > 0:
            if monotonic() >= self._deadline:
                raise self._late()
            with self._in_time():
                part = result.fetchmany(min(AT_ONCE, wanted))
            if not part:
                return
            wanted -= len(part)
            yield part

    @contextmanager
    def _in_time(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            if monotonic() >= self._deadline or server_query.timed_out(error):
                raise self._late() from error
            raise

    def _late(self) -> QuestionError:
        return QuestionError(
            f"the query took longer than {self._timeout_s:g} s and was stopped; "
            "narrow it, or allow it more time"
        )


@contextmanager
def rows(connection: Connection, sql: str, *, max_rows: int, timeout_s: float) -> Iterator[Rows]:
    """Answer one SELECT within the caller's read-only transaction; see ``Rows``."""
    on_server = connection.dialect.name == "postgresql"
    _check_one_select(server_query.bare(sql) if on_server else sql)
    if on_server:
        server_query.check(sql)
        server_query.begin(connection, timeout_s)
    answer = None
    try:
        answer = Rows(connection, sql, max_rows=max_rows, timeout_s=timeout_s)
        yield answer
    finally:
        if answer is not None:
            answer.close()
        if not on_server:
            _unlimit(connection)


def distinct(names: Iterable[str]) -> list[str]:
    """Add numbers to columns that share a name: ``select 1, 1`` has two."""
    seen: dict[str, None] = {}
    for name in names:
        unique, n = name, 2
        while unique in seen:
            unique, n = f"{name}_{n}", n + 1
        seen[unique] = None
    return list(seen)


def explain(error: SQLAlchemyError, sql: str, connection: Connection) -> StoreError:
    """Say what is wrong with a query, and which names there are."""
    said = explained(error)
    for kind, pattern in UNKNOWN.items():
        if match := pattern.search(said):
            unknown = next(group for group in match.groups() if group)
            known = _tables(connection) if kind == "table" else _columns(connection, sql)
            name = unknown.rsplit(".", 1)[-1]
            return QuestionError(
                f"no {kind} named {name!r}; known: {', '.join(known)}.{near(name, known)}"
            )
    if refusal := server_query.refusal(said):
        return QuestionError(refusal)
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    if lost or any(words in said for words in MEANINGS):
        return StoreError(said)  # not the query's fault
    if "bindings" in said:
        said = "it has placeholders (?), and values must be written into it"
    return QuestionError(f"the query can't be answered: {said}")


def _check_one_select(sql: str) -> None:
    bare = QUOTED.sub(" ", sql).strip().rstrip(";").rstrip()
    first = bare.split(None, 1)[0].lower() if bare else ""
    if first not in ("select", "with"):
        found = repr(first) if first else "nothing"
        raise QuestionError(f"one SELECT (or WITH ... SELECT) is expected, found {found}")
    if ";" in bare:
        raise QuestionError("one statement is expected, found several (split by ';')")


def _limit(connection: Connection, deadline: float) -> None:
    raw = _sqlite(connection)
    raw.set_authorizer(lambda action, *_: _verdict(action))
    raw.set_progress_handler(lambda: int(monotonic() >= deadline), STEPS)
    raw.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_CELL)


def _unlimit(connection: Connection) -> None:
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
