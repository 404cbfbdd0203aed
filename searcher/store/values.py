"""What may stand in a cell, and what becomes of everything else.

Numbers that are not finite, strings that a database refuses, numpy scalars: the rules are here,
so that SQLite and PostgreSQL are given the same cells.
"""

import json
import math
from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import Enum
from hashlib import sha256
from pathlib import PurePath
from typing import Any, TypeVar

import numpy as np

from searcher.errors import StoreError
from searcher.store.types import dumps

MAX_NAME = 200
"""Characters of an id or a name: PostgreSQL refuses index entries above 2,704 bytes."""

MAX_DEPTH = 50

MOST_SECONDS = 1e15

MAX_BITS = 14_000
"""Of a whole number in JSON: Python reads and writes no more than 4,300 digits."""

MAX_SHOWN = 80

VERDICT = (
    *("passed", "rows", "labels_unequal", "worst", "worst_absolute", "rtol", "atol"),
    *("probes", "failure", "seconds"),
)
"""Fields of a ``ParityVerdict`` that have columns of their own; the others are its details."""

Choice = TypeVar("Choice", bound=str)
Cells = tuple[float | None, str | None]


def identifier(value: str, what: str) -> str:
    """Refuse ids that could not be typed back; ids are keys, so they are never repaired."""
    if not isinstance(value, str) or not value or len(value) > MAX_NAME or not value.isprintable():
        raise StoreError(
            f"{what} is {_shortened(value)}; allowed: 1 to {MAX_NAME} printable characters"
        )
    return value


def name(value: str, what: str) -> str:
    """Clean a name that is part of a key, and refuse one that is too long for an index."""
    cleaned = text(str(value))
    if not cleaned or len(cleaned) > MAX_NAME:
        raise StoreError(f"{what} is {_shortened(value)}; allowed: 1 to {MAX_NAME} characters")
    return cleaned


def text(value: str) -> str:
    """Make a string storable: PostgreSQL refuses NUL, and neither takes lone surrogates."""
    if value.isascii() and "\x00" not in value:
        return str(value)
    return value.replace("\x00", "\N{SYMBOL FOR NULL}").encode("utf-8", "backslashreplace").decode()


def optional_text(value: str | None) -> str | None:
    """Clean a string that may be absent."""
    return None if value is None else text(str(value))


def number(value: Any, what: str) -> float:
    """Return a float, NaN for None; numpy scalars and bools are numbers, strings are not."""
    if value is None:
        return math.nan
    if isinstance(value, str | bytes):
        raise StoreError(f"{what} is {_shortened(value)}; allowed: a number")
    try:
        return float(value)
    except OverflowError:  # an integer beyond 1.8e308
        return math.inf if value > 0 else -math.inf
    except (TypeError, ValueError) as error:
        raise StoreError(f"{what} is {_shortened(value)}; allowed: a number") from error


def seconds(value: Any, what: str) -> float:
    """Return a duration of a size that can be added up: databases refuse sums beyond doubles."""
    measured = number(value, what)
    if not abs(measured) <= MOST_SECONDS:  # NaN is not
        raise StoreError(
            f"{what} is {_shortened(value)}; allowed: a finite number up to {MOST_SECONDS:g}"
        )
    return measured


def count(value: Any, what: str) -> int:
    """Return a whole number that is not negative."""
    if isinstance(value, int | np.integer) and 0 <= value < 2**31:
        return int(value)
    raise StoreError(f"{what} is {_shortened(value)}; allowed: a whole number from 0")


def one_of(value: Choice, what: str, allowed: tuple[Choice, ...]) -> Choice:
    """Return the value if it is one of those allowed."""
    if value not in allowed:
        raise StoreError(f"{what} is {_shortened(value)}; allowed: {', '.join(allowed)}")
    return value


def finite(value: float | None) -> float | None:
    """Return the number, or None when it is not finite: ORDER BY must not put NaN first."""
    return value if value is not None and math.isfinite(value) else None


def utc(value: datetime, what: str) -> datetime:
    """Move a time to UTC; refuse one without a zone."""
    if not isinstance(value, datetime):
        raise StoreError(f"{what} is {_shortened(value)}; allowed: a datetime with a time zone")
    if value.tzinfo is None:
        raise StoreError(f"{what} is {value.isoformat()} without a time zone; use utc_now()")
    try:
        return value if value.tzinfo is UTC else value.astimezone(UTC)
    except OverflowError as error:
        raise StoreError(f"{what} is outside the years 1 to 9999 in UTC") from error


def json_object(value: Mapping[str, Any], what: str) -> dict[str, Any]:
    """Copy a mapping into plain JSON types."""
    return _json_mapping(value, what, 0)


def json_value(value: Any, what: str, depth: int = 0) -> Any:
    """Copy a value into plain JSON types.

    NaN and the infinities, which JSON lacks, become the strings "NaN", "Infinity" and
    "-Infinity", which ``float`` reads back. Raises StoreError for what has no JSON form.
    """
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, int) and value.bit_length() > MAX_BITS:
        raise StoreError(f"{what} has {value.bit_length()} bits; allowed: up to {MAX_BITS}")
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else _spelt(value)
    if isinstance(value, str | PurePath):
        return text(str(value))
    if isinstance(value, date):  # datetimes are dates too
        return value.isoformat()
    return _json_container(value, what, depth)


def _json_container(value: Any, what: str, depth: int) -> Any:
    if depth >= MAX_DEPTH:
        raise StoreError(
            f"{what[:MAX_SHOWN]}... is nested deeper than {MAX_DEPTH} levels, or contains itself"
        )
    if isinstance(value, Mapping):
        return _json_mapping(value, what, depth + 1)
    if isinstance(value, np.ndarray):
        return json_value(value.tolist(), what, depth + 1)
    if isinstance(value, list | tuple):
        return [json_value(item, f"{what}[{i}]", depth + 1) for i, item in enumerate(value)]
    raise StoreError(
        f"{what} is a {type(value).__name__}, which has no JSON form; "
        "allowed: None, bool, numbers, strings, lists, mappings, numpy scalars and arrays"
    )


def _json_mapping(value: Mapping[Any, Any], what: str, depth: int) -> dict[str, Any]:
    copied: dict[str, Any] = {}
    for key, item in value.items():
        cleaned = text(str(key))
        if cleaned in copied:
            raise StoreError(f"{what} has two keys that are {_shortened(cleaned)} as text")
        copied[cleaned] = json_value(item, f"{what}[{_shortened(key)}]", depth)
    return copied


def cells(value: Any) -> Cells:
    """Split a configuration's value, already plain JSON, into a number and a text to search by.

    A bool is both 1 or 0 and "true" or "false"; None is neither; a list is its JSON. Long
    texts are cut to MAX_NAME characters: the configuration column has them whole.
    """
    if value is None:
        return None, None
    if isinstance(value, bool):
        return float(value), "true" if value else "false"
    if isinstance(value, int | float):
        as_number = finite(number(value, "a parameter"))
        return as_number, None if as_number is not None else str(value)[:MAX_NAME]
    return None, (value if isinstance(value, str) else dumps(value))[:MAX_NAME]


def content_hash(*parts: Any) -> str:
    """Return 32 hex digits of the SHA-256 of plain JSON values, whatever the order of keys."""
    return sha256(_canonical(parts).encode()).hexdigest()[:32]


_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False).encode


def _spelt(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def _shortened(value: object) -> str:
    try:
        shown = repr(value)
    except ValueError:  # a whole number of more than 4,300 digits
        return f"a {type(value).__name__} that is too long to show"
    return shown if len(shown) <= MAX_SHOWN else f"{shown[:MAX_SHOWN]}... ({len(shown)} characters)"
