"""How a query is kept from changing anything on PostgreSQL.

Four walls, so that a hole in one of them is not a way out:

- The server reads one statement and no more: it arrives by the extended protocol, as a cursor, and
  a cursor takes neither ``WITH ... DELETE`` nor any other statement that writes.
- Its transaction is read only, and statements have a time limit; rows are fetched up to the limit.
- Names that begin with ``pg_`` and functions that act, run text as SQL or change settings are
  refused before the server sees them. They would work in a transaction that is read only.
- A superuser becomes ``pg_read_all_data`` for the transaction, who may read tables and no files.

A function that somebody has installed, and that reaches beyond the database, is not held back for
a superuser: connect as a role that may only SELECT where strangers may ask.
"""

import re
from decimal import Decimal

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from searcher.errors import QuestionError
from searcher.store.types import dumps

QUOTED = re.compile(
    r"""
    (?<!\w)[eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*'
    | (?<![\w$])\$(?P<tag>(?:[^\W\d]\w*)?)\$ .*? \$(?P=tag)\$
    | --[^\n\r]* | /\*.*?\*/
    | (?P<unicode>[uU]&"(?:[^"]|"")*") | "(?P<name>(?:[^"]|"")*)"
    """,
    re.VERBOSE | re.DOTALL,
)
"""Strings, comments and quoted names, as PostgreSQL reads them."""

HARMLESS = {
    *("pg_typeof", "pg_size_pretty", "pg_column_size", "pg_relation_size", "pg_table_size"),
    *("pg_indexes_size", "pg_total_relation_size", "pg_database_size", "pg_get_viewdef"),
    *("pg_class", "pg_namespace", "pg_attribute", "pg_index", "pg_indexes", "pg_tables"),
}

ACTING = re.compile(
    r"\b(pg_\w+|set_config|lo_\w+|dblink\w*|\w+_to_xml\w*|ts_stat|ts_rewrite|crosstab\w*)\b",
    re.IGNORECASE,
)

STATEMENT_TIMEOUT = "57014"
SINCE_READ_ALL_DATA = (14,)


def bare(sql: str) -> str:
    """Return a statement without strings and comments, and with plain names for quoted ones."""
    return QUOTED.sub(lambda part: part["unicode"] or part["name"] or " ", sql)


def check(sql: str) -> None:
    """Refuse several statements, and names that no question needs.

    Raises
    ------
    QuestionError
        Says which.
    """
    without = bare(sql)
    if ";" in without.strip().rstrip(";"):
        raise QuestionError("one statement is expected, found several (split by ';')")
    if re.search(r'[uU]&"', without):
        raise QuestionError('a query can\'t have names written U&"..."')
    for name in ACTING.findall(without):
        if name.lower() not in HARMLESS:
            raise QuestionError(
                f"a query can't use {name}: names that begin with pg_, and functions that do "
                "something, are not for questions; information_schema says which tables there are"
            )


def begin(connection: Connection, timeout_s: float) -> None:
    """Raise the walls; the connection is closed afterwards, with all that the query set in it."""
    connection.detach()
    limit(connection, timeout_s)


def limit(connection: Connection, timeout_s: float) -> None:
    """Give each of the statements that follow so many seconds."""
    connection.exec_driver_sql(_limits(connection, timeout_s))


def timed_out(error: SQLAlchemyError) -> bool:
    """Whether the server stopped a statement because its time was over."""
    return getattr(getattr(error, "orig", None), "sqlstate", None) == STATEMENT_TIMEOUT


def refusal(said: str) -> str | None:
    """Return what it means when the server would not let a query change something."""
    if "read-only transaction" in said or "data-modifying" in said or "SELECT INTO" in said:
        return "a query can't change anything"
    if "permission denied" in said:
        return "a query may read tables and views, and nothing else"
    if "there is no parameter" in said or "bind message supplies" in said:
        return "it has placeholders ($1), and values must be written into it"
    return None


def _limits(connection: Connection, timeout_s: float) -> str:
    """Return the statements that come before the query, in one message."""
    settings = [
        f"SET LOCAL statement_timeout = {max(1, int(timeout_s * 1000))}",
        "SET LOCAL standard_conforming_strings = on",  # what QUOTED goes by
    ]
    raw = connection.connection.dbapi_connection
    superuser = raw is not None and raw.info.parameter_status("is_superuser") == "on"
    if superuser and (connection.dialect.server_version_info or ()) >= SINCE_READ_ALL_DATA:
        settings.append("SET LOCAL ROLE pg_read_all_data")
    return "; ".join(settings)


def cell(value: object) -> object:
    """Return what SQLite would have answered: no decimals, and JSON as text."""
    if isinstance(value, Decimal):
        whole = value.is_finite() and value == value.to_integral_value()
        return int(value) if whole and value.as_tuple().exponent == 0 else float(value)
    return dumps(value) if isinstance(value, dict | list) else value
