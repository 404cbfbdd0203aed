"""How a search gets another id, wherever its old one stands."""

import re
from collections.abc import Callable
from typing import Any

from sqlalchemy import JSON, Column, Table

from searcher.errors import StoreError
from searcher.store.types import UtcDateTime
from searcher.store.values import content_hash, identifier

Rename = Callable[[Any], Any]


SEARCH_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
"""What an id may look like that becomes the name of a folder."""


def checked_id(search_id: str) -> str:
    """Refuse an id that no search of this package would have.

    Raises
    ------
    StoreError
        Says what an id may be.
    """
    identifier(search_id, "search_id")
    if not SEARCH_ID.fullmatch(search_id):
        raise StoreError(f"search_id is {search_id!r}; allowed: up to 100 letters, digits, - and _")
    return search_id


def ids_of(table: Table, columns: tuple[str, ...], old: str, new: str) -> dict[int, Rename]:
    """Return, by position, what checks a row's ids, and gives them their new form.

    A row that names another search, or a trial of another one, is refused: it would change what
    the store knows of that. Where a trial was copied from is history, and may be anywhere.
    """
    found: dict[int, Rename] = {}
    trial = re.compile(rf"{re.escape(old)}\.[^.]+\.\d+")

    def search_id(value: Any) -> Any:
        if value != old:
            raise StoreError(f"a row of {table.name} is of search {str(value)[:80]!r}, not {old!r}")
        return new

    def trial_id(value: Any) -> Any:
        if value is None:
            return None
        if not trial.fullmatch(value):
            raise StoreError(f"a row of {table.name} is of trial {value[:80]!r}, not of {old!r}")
        return f"{new}{value[len(old) :]}"

    def mentioned(value: Any) -> Any:
        return _mentioned(value, old, new, trial)

    def key(value: Any) -> Any:
        return value if new == old else content_hash(new, value)

    for i, name in enumerate(columns):
        if name == "search_id":
            found[i] = search_id
        elif name == "trial_id":
            found[i] = trial_id
        elif name == "record_key":
            found[i] = key
        elif new != old and (name.endswith("trial_id") or _is_document(table.c[name])):
            found[i] = mentioned
    return found


def _is_document(column: Column[Any]) -> bool:
    return isinstance(column.type, JSON) and not isinstance(column.type, UtcDateTime)


def _mentioned(value: Any, old: str, new: str, trial: re.Pattern[str]) -> Any:
    """Rename ids within a document: texts that are one, whole."""
    if isinstance(value, str):
        is_id = value == old or trial.fullmatch(value) is not None
        return f"{new}{value[len(old) :]}" if is_id else value
    if isinstance(value, dict):
        return {key: _mentioned(item, old, new, trial) for key, item in value.items()}
    if isinstance(value, list):
        return [_mentioned(item, old, new, trial) for item in value]
    return value
