"""Which Arrow types fit what stands in columns, and the cells as Arrow's columns.

A column has one type: whole numbers among others become floats, every other mixture text, as do
lists. What is known beforehand (a trial's own columns) is said, the rest is looked at first.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

import pyarrow as pa

from searcher.store.answers import CurvePoint, StoredTrial
from searcher.store.query import distinct

TRIAL = tuple(field.name for field in fields(StoredTrial) if field.name != "configuration")
"""A trial's own columns; its parameters' are called ``param.<name>``."""

SIXTY_FOUR = 2**63
WORDS = pa.dictionary(pa.int32(), pa.string())
"""Few texts, many times."""

MOMENT = pa.timestamp("us", tz="UTC")

OF_NAME: dict[str, pa.DataType] = {
    **dict.fromkeys(
        ("search_id", "outer_fold", "family", "origin", "state", "metric", "unit"), WORDS
    ),
    **dict.fromkeys(("trial_id", "reason", "traceback", "source_trial_id"), pa.string()),
    **dict.fromkeys(("number", "resource", "attempt"), pa.int64()),
    **dict.fromkeys(("score", "seconds", "fit_s", "cpu_s"), pa.float64()),
    **dict.fromkeys(("started_at", "ended_at"), MOMENT),
}
"""Types of the columns that trials and curves have."""

OF_TYPE: dict[type, pa.DataType] = {
    bool: pa.bool_(),
    float: pa.float64(),
    str: pa.string(),
    bytes: pa.binary(),
}


class Columns:
    """Columns whose types are found by looking at rows.

    Parameters
    ----------
    names
        The columns there are; ``see`` adds what it finds.
    types
        Of columns whose types are known.
    """

    def __init__(
        self, names: Iterable[str] = (), types: Mapping[str, pa.DataType] | None = None
    ) -> None:
        self._seen: dict[str, set[type | str]] = {name: set() for name in names}
        self._types = dict(types or {})

    @property
    def names(self) -> list[str]:
        """The columns, in the order in which they came."""
        return list(self._seen)

    def see(self, row: Iterable[tuple[str, Any]]) -> None:
        """Take notice of a row."""
        for name, cell in row:
            if name not in self._types and cell is not None:
                self._seen.setdefault(name, set()).add(_sort(cell))
            else:
                self._seen.setdefault(name, set())

    def schema(self) -> pa.Schema:
        """Return the types that fit what was seen."""
        return pa.schema([(name, self._type(name)) for name in self._seen])

    def batch(self, rows: Sequence[Sequence[Any]]) -> pa.RecordBatch:
        """Return rows, with their cells in the order of the columns, as Arrow's."""
        schema = self.schema()
        columns = list(zip(*rows, strict=True)) or [()] * len(schema)
        arrays = [_array(cells, kind) for cells, kind in zip(columns, schema.types, strict=True)]
        return pa.RecordBatch.from_arrays(arrays, schema=schema)

    def _type(self, name: str) -> pa.DataType:
        if name in self._types:
            return self._types[name]
        seen = self._seen[name]
        if not seen:
            return pa.null()
        if seen == {int}:
            return pa.int64()
        if seen <= {int, float}:
            return pa.float64()
        if seen == {datetime}:
            return MOMENT
        (only, *more) = seen
        return pa.string() if more or isinstance(only, str) else OF_TYPE.get(only, pa.string())


def _sort(cell: Any) -> type | str:
    """Tell cells apart as types do, and two that Arrow's types are too narrow for."""
    if type(cell) is int and not -SIXTY_FOUR <= cell < SIXTY_FOUR:
        return "long"
    if isinstance(cell, datetime):
        return datetime if cell.tzinfo else "naive"
    return type(cell)


def _array(cells: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_string(kind):
        cells = [None if cell is None else written(cell) for cell in cells]
    elif pa.types.is_floating(kind):
        cells = [None if cell is None else float(cell) for cell in cells]
    elif pa.types.is_dictionary(kind):
        return pa.array(cells, pa.string()).dictionary_encode()
    return pa.array(cells, kind)


def written(cell: Any) -> str:
    """Write a cell as text, as JSON would where it has a form for it."""
    if isinstance(cell, str):
        return cell
    if cell is None or isinstance(cell, bool | list | tuple | dict):
        return json.dumps(cell, ensure_ascii=False)
    return cell.isoformat() if isinstance(cell, datetime) else str(cell)


def named_cells(trial: StoredTrial) -> Iterator[tuple[str, Any]]:
    """Yield a trial's columns with their cells, then those of its parameters."""
    for name in TRIAL:
        yield name, getattr(trial, name)
    for name, value in trial.configuration.items():
        yield f"param.{name}", value


def trials_table(trials: Iterable[StoredTrial]) -> pa.Table:
    """Return a table of trials, with a column for each parameter."""
    columns = Columns(TRIAL, OF_NAME)
    rows = []
    for trial in trials:
        cells = dict(named_cells(trial))
        columns.see(cells.items())
        rows.append(cells)
    return _table(columns, [[cells.get(name) for name in columns.names] for cells in rows])


def curves_table(points: Iterable[CurvePoint]) -> pa.Table:
    """Return a table of the points of learning curves."""
    names = [field.name for field in fields(CurvePoint)]
    columns = Columns(names, OF_NAME)
    return _table(columns, [[getattr(point, name) for name in names] for point in points])


def rows_table(names: Iterable[str], rows: Iterable[Sequence[Any]]) -> pa.Table:
    """Return a table of the answer to a query."""
    columns = Columns(distinct(names))
    rows = list(rows)
    for row in rows:
        columns.see(zip(columns.names, row, strict=True))
    return _table(columns, rows)


def _table(columns: Columns, rows: Sequence[Sequence[Any]]) -> pa.Table:
    return pa.Table.from_batches([columns.batch(rows)])
