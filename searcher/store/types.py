"""How moments and JSON are kept by each database."""

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, Text, TypeDecorator
from sqlalchemy.types import TypeEngine


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: ``timestamptz`` on PostgreSQL, text that any shell can read on SQLite.

    The text, ``2026-01-31 12:00:00.123456+00:00``, sorts in time order because its zone and its
    width never change, and SQLite's date functions take it.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the database's own type."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(Text())
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> object:
        """Write in UTC."""
        if value is None or dialect.name != "sqlite":
            return value
        if value.tzinfo is not UTC:
            value = value.astimezone(UTC)
        return value.isoformat(" ", "microseconds")

    def process_result_value(self, value: object, dialect: Dialect) -> datetime | None:
        """Read in UTC, always with the zone."""
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
        if not isinstance(value, datetime):
            return None
        return value if value.tzinfo is UTC else value.astimezone(UTC)


JsonObject = JSON(none_as_null=True)
"""A JSON document; not ``jsonb`` on PostgreSQL, which forgets the order of keys."""


dumps = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
"""Write JSON readable in any SQL shell, and never ``NaN``, which is not JSON."""
