"""How many rows get into a table quickly, within a transaction that somebody else commits."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from sqlalchemy import JSON, Connection, Table

from searcher.store.types import UtcDateTime, dumps

CHUNK = 1_000

SHARED = "index_arrays"
"""The table whose rows another search may have brought already: their key is a hash of them."""


def load(connection: Connection, table: Table, columns: list[str], rows: Iterable[Any]) -> int:
    """Insert rows, each the cells of ``columns``; return how many there were."""
    bind = _binder(connection, table, columns)
    if connection.dialect.name == "postgresql" and table.name != SHARED:
        return _copy(connection, table, columns, map(bind, rows))
    return _execute(connection, table, columns, map(bind, rows))


def _binder(
    connection: Connection, table: Table, columns: list[str]
) -> Callable[[list[Any]], tuple[Any, ...]]:
    """Return what makes a row's cells what the driver takes, without the cost of each binding."""
    dialect, binds = connection.dialect, list[tuple[int, Callable[[Any], Any]]]()
    for i, name in enumerate(columns):
        kind = table.c[name].type
        if isinstance(kind, JSON):
            binds.append((i, dumps))
        elif isinstance(kind, UtcDateTime):
            binds.append((i, lambda value: UtcDateTime().process_bind_param(value, dialect)))

    def bind(row: list[Any]) -> tuple[Any, ...]:
        for i, write in binds:
            if row[i] is not None:
                row[i] = write(row[i])
        return tuple(row)

    return bind


def _execute(
    connection: Connection, table: Table, columns: list[str], rows: Iterable[tuple[Any, ...]]
) -> int:
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    statement = f"INSERT INTO {_named(connection, table, columns)} VALUES ({_list(mark, columns)})"  # noqa: S608 - names of the schema
    if table.name == SHARED:
        statement += " ON CONFLICT DO NOTHING"
    count = 0
    for some in _chunks(rows):
        connection.exec_driver_sql(statement, some)
        count += len(some)
    return count


def _copy(
    connection: Connection, table: Table, columns: list[str], rows: Iterable[tuple[Any, ...]]
) -> int:
    """Use COPY, which takes a sixth of the time of executing many inserts."""
    driver: Any = connection.connection.driver_connection
    count = 0
    with (
        driver.cursor() as cursor,
        cursor.copy(f"COPY {_named(connection, table, columns)} FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(row)
            count += 1
    return count


def _named(connection: Connection, table: Table, columns: list[str]) -> str:
    quoted = connection.dialect.identifier_preparer.quote
    return f"{quoted(table.name)} ({', '.join(map(quoted, columns))})"


def _list(mark: str, columns: list[str]) -> str:
    return ", ".join([mark] * len(columns))


def _chunks(rows: Iterable[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    remaining = iter(rows)
    while some := list(islice(remaining, CHUNK)):
        yield some
