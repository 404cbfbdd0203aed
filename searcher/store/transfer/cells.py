"""How a cell stands in a portable file, and what a cell of somebody else's file may be."""

import base64
import binascii
import math
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, Column, Double, Integer, LargeBinary, Text

from searcher.errors import StoreError
from searcher.store.types import UtcDateTime
from searcher.store.values import MAX_NAME, json_value, text

Cell = Callable[[Any], Any]

MAX_SHOWN = 60


def writer_of(column: Column[Any]) -> Cell | None:
    """Return what makes a column's values JSON; None where they are JSON already."""
    if isinstance(column.type, UtcDateTime):
        return lambda moment: None if moment is None else moment.isoformat()
    if isinstance(column.type, LargeBinary):
        return lambda data: None if data is None else base64.b64encode(data).decode()
    return None


def reader_of(column: Column[Any]) -> Cell:
    """Return what makes a column's values of JSON that nobody vouches for.

    It raises StoreError for whatever the store itself would never have written there.
    """
    read = _readers(column)
    where = f"{column.table.name}.{column.name}"
    nullable = bool(column.nullable)

    def checked(value: Any) -> Any:
        if value is None:
            if nullable:
                return None
            raise StoreError(f"{where} is null, and must not be")
        try:
            return read(value)
        except (TypeError, ValueError, OverflowError) as error:
            raise StoreError(f"{where} is {_shortened(value)}; allowed: {error}") from error

    return checked


def _readers(column: Column[Any]) -> Cell:
    if isinstance(column.type, Text) and not isinstance(column.type, UtcDateTime):
        return _key if _is_key(column) else _text
    for kind, cell in KINDS:
        if isinstance(column.type, kind):
            return cell
    raise StoreError(f"{column.table.name}.{column.name} is a {column.type}; no file can hold it")


def _is_key(column: Column[Any]) -> bool:
    """Whether an index or a constraint has the column; PostgreSQL's hold 2,704 bytes at most."""
    table = column.table
    indexed = {name for index in table.indexes for name in index.columns.keys()}  # noqa: SIM118
    own = column.primary_key or column.unique or column.foreign_keys
    return bool(own) or column.name in indexed


def _moment(value: Any) -> datetime:
    if not isinstance(value, str):
        raise TypeError("a time such as 2026-01-31T12:00:00+00:00")
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("a time with its zone")
    return moment


def _json(value: Any) -> Any:
    return json_value(value, "a document")


def _bytes(value: Any) -> bytes:
    if not isinstance(value, str):
        raise TypeError("base64")
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error as error:
        raise ValueError("base64") from error


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("true or false")
    return value


def _whole(bits: int) -> Cell:
    limit = 2**bits

    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not -limit <= value < limit:
            raise ValueError(f"a whole number of {bits + 1} bits")
        return value

    return read


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("a number")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("a finite number")
    return number


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a text")
    if text(value) != value:
        raise ValueError("a text without NUL and lone surrogates")
    return value


def _key(value: Any) -> str:
    if len(_text(value)) > MAX_NAME:
        raise ValueError(f"at most {MAX_NAME} characters")
    return str(value)


KINDS: tuple[tuple[type[Any], Cell], ...] = (
    (UtcDateTime, _moment),
    (JSON, _json),
    (LargeBinary, _bytes),
    (Boolean, _boolean),
    (BigInteger, _whole(63)),  # before Integer, which it is too
    (Integer, _whole(31)),
    (Double, _number),
)
"""What reads each kind of column; the first that fits."""


def _shortened(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= MAX_SHOWN else f"{shown[:MAX_SHOWN]}..."
