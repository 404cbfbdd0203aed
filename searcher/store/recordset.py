"""How all rows of a statement reach PostgreSQL as one parameter: a JSON document.

PostgreSQL takes each row of an executemany as a statement of its own, which costs more than the
row itself. ``json_to_recordset`` makes a table of the document, with the columns' own types.
"""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, cast

from sqlalchemy import BindParameter, Dialect, FromClause, bindparam, column, func, select
from sqlalchemy.sql import visitors
from sqlalchemy.sql.dml import Insert, Update
from sqlalchemy.types import TypeEngine

from searcher.store.types import JsonObject

ROWS = "rows"
"""The statements' one parameter."""


def from_rows(statement: Insert | Update, keys: Iterable[str], dialect: Dialect) -> Insert | Update:
    """Return the statement with the columns of a recordset for its parameters.

    An update must not name a row of its table twice: PostgreSQL would change it once.
    """
    names = list(keys)
    if isinstance(statement, Insert):
        given = _recordset((name, statement.table.c[name].type) for name in names)
        return statement.from_select(names, select(*given.c), include_defaults=False)
    types = statement.compile(dialect=dialect).binds  # of the columns they are for
    given = _recordset((name, types[name].type) for name in names)

    def column_of(element: Any, **_: Any) -> Any:
        is_given = isinstance(element, BindParameter) and element.key in given.c
        return given.c[element.key] if is_given else None

    changed: Any = visitors.replacement_traverse(statement, {}, column_of)
    return cast(Update, changed)


def _recordset(columns: Iterable[tuple[str, TypeEngine[Any]]]) -> FromClause:
    made = func.json_to_recordset(bindparam(ROWS, type_=JsonObject))
    table = made.table_valued(*(column(name, kind) for name, kind in columns))
    return table.render_derived(name="given", with_types=True)


def _spelt(value: Any) -> str:
    """Write what JSON has no form for so that PostgreSQL reads it as the column's type."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return rf"\x{value.hex()}"
    raise TypeError(f"no column takes a {type(value).__name__}")


encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, default=_spelt).encode
"""Write rows as that document."""
