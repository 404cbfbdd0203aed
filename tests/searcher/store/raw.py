"""What another program could do to a store, past all rules of ours."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, NullPool, create_engine, text
from sqlalchemy.engine import make_url


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """A connection of our own, which is gone afterwards."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def change(url: str, *statements: str, foreign_keys: bool = True) -> None:
    """Run statements in one transaction; without foreign keys they may break them."""
    off = not foreign_keys
    with connected(url) as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql(f"PRAGMA foreign_keys = {'OFF' if off else 'ON'}")
        elif off:
            connection.exec_driver_sql("SET session_replication_role = replica")
        for statement in statements:
            connection.exec_driver_sql(statement)
        connection.commit()


def ask(url: str, sql: str) -> list[tuple[Any, ...]]:
    """Answer a query."""
    with connected(url) as connection:
        return [tuple(row) for row in connection.execute(text(sql))]


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Be another program that is writing and does not finish."""
    if url.startswith("sqlite"):
        other = sqlite3.connect(make_url(url).database or "", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            other.close()
        return
    with connected(url) as connection:
        connection.exec_driver_sql("LOCK TABLE searches, trials IN SHARE MODE")
        yield
        connection.rollback()
