"""How a session with a PostgreSQL server is set up."""

import logging
from importlib.util import find_spec
from typing import Any

from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import URL

from searcher.store.credentials import password_of
from searcher.store.types import dumps

CONNECT_TIMEOUT_S = 10

KEEPALIVE = {
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
}
"""A server that vanished without a word is noticed within a minute (seconds, but the count)."""

POOL = {"pool_size": 4, "max_overflow": 12, "pool_timeout": 30.0, "pool_recycle": 1800}
"""Four connections are kept, twelve more opened when many ask at once, then 30 s are waited."""

IDLE_IN_TRANSACTION_S = 20
"""A driver that was stopped within a transaction keeps its locks no longer than this: less than the
30 s that others wait for a lock."""


logging.getLogger("psycopg").setLevel(
    logging.ERROR
)  # what ends a pipeline is tried again, or told in our words


def has_driver() -> bool:
    """Return whether psycopg is installed."""
    return find_spec("psycopg") is not None


def writing_engine(url: URL, *, lock_timeout_s: float) -> Engine:
    """Return an engine whose transactions may write and wait that long for each other."""
    limits = {
        "lock_timeout": int(lock_timeout_s * 1000),
        "idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION_S * 1000,
    }
    return _engine(url, limits)


def reading_engine(url: URL) -> Engine:
    """Return an engine that can't write, each of whose transactions sees one moment."""
    return _engine(
        url,
        # A plan for each question: that for any value takes seconds where few trials fit.
        {"default_transaction_read_only": "on", "plan_cache_mode": "force_custom_plan"},
        isolation_level="REPEATABLE READ",
        execution_options={"postgresql_readonly": True},
    )


def _engine(url: URL, limits: dict[str, Any], **options: Any) -> Engine:
    return create_engine(
        url,
        pool_pre_ping=True,
        hide_parameters=True,  # a message never repeats a value
        json_serializer=dumps,
        connect_args=_connect_arguments(url, limits),
        **POOL,
        **options,
    )


def _connect_arguments(url: URL, limits: dict[str, Any]) -> dict[str, Any]:
    """Return what libpq is told beyond the URL, which comes first where both say something."""
    own = {
        "connect_timeout": CONNECT_TIMEOUT_S,
        "fallback_application_name": "searcher",
        "client_encoding": "utf8",
        **KEEPALIVE,
    }
    settings = [f"-c {name}={value}" for name, value in {"timezone": "UTC", **limits}.items()]
    given = url.query.get("options", ())
    settings += [given] if isinstance(given, str) else given
    arguments = {name: value for name, value in own.items() if name not in url.query}
    if (password := password_of(url)) is not None:
        arguments["password"] = password
    return arguments | {"options": " ".join(settings)}
