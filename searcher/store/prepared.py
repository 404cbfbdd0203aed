"""How a statement is executed for all its rows, as each database likes it best."""

from collections.abc import Iterable
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.dml import Insert, Update

from searcher.store import recordset
from searcher.store.rows import Row

Question = tuple[str, dict[str, Any]]


class Prepared:
    """A statement compiled once for rows of the same keys.

    SQLAlchemy's own executemany looks at every parameter of every row, which took more time than
    SQLite did; here only those values are converted that the database's driver does not take.
    """

    def __init__(self, executable: Insert | Update, keys: Iterable[str], dialect: Dialect) -> None:
        names = list(keys)
        compiled = executable.compile(dialect=dialect, column_keys=names)
        self._sql = str(compiled)
        self._places = compiled.positiontup or ()  # empty: the driver takes names
        self._converters = {
            name: convert
            for name, bind in compiled.binds.items()
            if (convert := bind.type.dialect_impl(dialect).bind_processor(dialect)) is not None
        }
        self._owners = [name for name in names if name.startswith("of_")]  # of an update's rows
        self._gathered = ""
        if dialect.name == "postgresql":
            gathered = recordset.from_rows(executable, names, dialect)
            self._gathered = str(gathered.compile(dialect=dialect))

    def execute(self, connection: Connection, rows: list[Row]) -> int:
        """Execute for every row, on SQLite; return how many rows of the table changed."""
        values = list(map(itemgetter(*self._places), self._converted(rows)))
        return connection.exec_driver_sql(self._sql, values).rowcount

    def questions(self, rows: list[Row]) -> list[Question]:
        """Return what to send to PostgreSQL for every row."""
        if len(rows) == 1 or self._repeats(rows):  # planning for a document takes longer
            return [(self._sql, row) for row in self._converted(rows)]
        return [(self._gathered, {recordset.ROWS: recordset.encode(rows)})]

    def _repeats(self, rows: list[Row]) -> bool:
        """Return whether an update comes twice to the same row, which one statement can't do."""
        if not self._owners:
            return False
        return len(set(map(itemgetter(*self._owners), rows))) < len(rows)

    def _converted(self, rows: list[Row]) -> list[Row]:
        for name, convert in self._converters.items():
            for row in rows:
                row[name] = convert(row[name])
        return rows


def execute_all(connection: Connection, work: list[tuple[Prepared, list[Row]]]) -> list[int]:
    """Execute each statement for its rows; return how many rows of its table each has changed."""
    if connection.dialect.name == "postgresql":
        return _send_all(connection, [prepared.questions(rows) for prepared, rows in work])
    return [prepared.execute(connection, rows) for prepared, rows in work]


def _send_all(connection: Connection, questions: list[list[Question]]) -> list[int]:
    """Send one after the other.

    In a pipeline they would take one round trip, and a process that is suspended in the middle of
    one keeps its locks for ever: the server does not count it as idle in its transaction.
    """
    import psycopg

    driver: Any = connection.connection.driver_connection
    try:
        return [sum(driver.execute(*question).rowcount for question in same) for same in questions]
    except psycopg.Error as error:
        failure: Any = error
        gone = connection.dialect.is_disconnect(failure, driver, None)
        if gone:
            connection.invalidate(error)
        told = {"hide_parameters": True, "connection_invalidated": gone}
        raise DBAPIError.instance(
            None, None, error, psycopg.Error, dialect=connection.dialect, **told
        ) from error
