"""How the text of a new row's cell becomes what the graph takes.

The counterpart of ``searcher.data`` (which learns from whole columns, with Arrow) for a place that
has numpy only; tests hold the two to the same answers. How cells may be spelt is in the file.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from searcher.errors import DataError

NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|[+-]?inf(?:inity)?", re.ASCII | re.I)
WHOLE = re.compile(r"([+-]?\d+)\.0+", re.ASCII)
DATE = re.compile(
    r"(?P<year>\d{4})[-/](?P<month>\d{1,2})[-/](?P<day>\d{1,2})"
    r"(?:[T ](?P<hour>\d{2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.(?P<fraction>\d{1,9}))?)?"
    r"(?: ?(?P<zone>Z|[+-]\d{2}(?::?\d{2})?))?)?",
    re.ASCII,
)
DAY_NS = 86_400 * 10**9
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Reader: TypeAlias = Callable[[str], float]


@dataclass(frozen=True, slots=True)
class Spellings:
    """How missing values and truth values are written, in lower case and without blanks around."""

    missing: frozenset[str]  # in any column
    missing_quantity: frozenset[str]  # in columns of numbers, booleans and dates as well
    true: frozenset[str]
    false: frozenset[str]

    @classmethod
    def from_json(cls, text: str) -> "Spellings":
        """Read the entry ``spellings`` of a file's metadata."""
        words = json.loads(text)
        return cls(**{name: frozenset(words[name]) for name in cls.__slots__})


def read_cells(name: str, kind: str, texts: Sequence[str], spellings: Spellings) -> NDArray[Any]:
    """Read one column.

    Returns
    -------
    array of shape (n_rows, 1)
        Strings (as objects) for a categorical column or one of text, "" where missing; else
        float64, NaN where missing.

    Raises
    ------
    DataError
        For a cell that is not of this kind, or infinite, with column, row (from 1) and text.
    """
    known: dict[str, Any] = {}
    has_strings = kind in {"categorical", "text"}
    read = _strings(spellings) if has_strings else _quantities(kind, spellings)
    for row, text in enumerate(texts, start=1):
        if text not in known:
            try:
                known[text] = read(text.strip())
            except ValueError as error:
                raise DataError(f"column {name!r}, row {row}: {text!r:.60} {error}") from error
    dtype = object if has_strings else np.float64
    values = np.array([known[text] for text in texts], dtype=dtype)
    return values.reshape(-1, 1)


def _strings(spellings: Spellings) -> Callable[[str], str]:
    def read(text: str) -> str:
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise ValueError("holds half of a character (a lone surrogate), which is no text")
        # 3.0 is how 3 is written beside missing values
        whole = WHOLE.fullmatch(text)
        plain = whole[1] if whole else text
        return "" if {text.lower(), plain.lower()} & spellings.missing else plain

    return read


def _quantities(kind: str, spellings: Spellings) -> Reader:
    nothing = spellings.missing | spellings.missing_quantity
    # a number that means "missing" does so however it is written
    absent = {float(word) for word in spellings.missing if NUMBER.fullmatch(word)}
    reader = READERS[kind]

    def read(text: str) -> float:
        if text.lower() in nothing:
            return np.nan
        value = reader(text, spellings)
        return np.nan if kind == "numeric" and value in absent else value

    return read


def _number(text: str, _spellings: Spellings) -> float:
    if not NUMBER.fullmatch(text):
        raise ValueError("is no number; one is written like -1234.5 or 1e-3")
    value = float(text)
    if not np.isfinite(value):
        raise ValueError("is infinite; write a finite number, or leave the cell empty")
    return value


def _truth(text: str, spellings: Spellings) -> float:
    if text.lower() in spellings.true:
        return 1.0
    if text.lower() in spellings.false:
        return 0.0
    if NUMBER.fullmatch(text) and float(text) in {0.0, 1.0}:
        return float(text)
    raise ValueError("is no boolean; one is written true/false, yes/no, t/f, y/n or 1/0")


def _days(text: str, _spellings: Spellings) -> float:
    """Days since 1970-01-01 UTC; whole days and the rest apart, as in ``searcher.data``."""
    parts = DATE.fullmatch(text)
    if parts is None:
        raise ValueError("is no date; one is written like 2024-12-31 or 2024-12-31T23:59:59+01:00")
    try:
        names = ("year", "month", "day", "hour", "minute", "second")
        year, month, day, hour, minute, second = (int(parts[name] or 0) for name in names)
        moment = datetime(year, month, day, hour, minute, second, tzinfo=_zone(parts["zone"]))
    except ValueError as error:
        raise ValueError(f"is no date: {error}") from error
    seconds = (moment - EPOCH) // timedelta(seconds=1)
    nanoseconds = seconds * 10**9 + int((parts["fraction"] or "").ljust(9, "0"))
    whole, rest = divmod(nanoseconds, DAY_NS)
    return float(whole) + rest / DAY_NS


def _zone(text: str | None) -> timezone:
    if text is None or text == "Z":
        return UTC
    sign, digits = text[0], text[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(offset if sign == "+" else -offset)


READERS: dict[str, Callable[[str, Spellings], float]] = {
    "numeric": _number,
    "boolean": _truth,
    "date": _days,
}
