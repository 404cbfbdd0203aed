"""How an answer is written for machines: JSON, csv and parquet, a part at a time.

Whatever can be gone through twice can be written, however long: no more than a part is in memory.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from textwrap import indent
from typing import Any, Protocol

from searcher.cli.plain import plain

AT_ONCE = 10_000
"""Rows in a part, which is a row group of parquet."""


class Sink(Protocol):
    """What bytes are written to."""

    def write(self, data: bytes, /) -> object:
        """Take bytes."""

    def flush(self) -> object:
        """Pass them on."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Cells for csv and parquet: scalars, None for nothing."""

    columns: tuple[str, ...]
    cells: Iterable[Sequence[Any]]  # gone through once for csv, twice for parquet
    of_trials: bool = False  # columns that are called as a trial's have the types of a trial's

    @classmethod
    def of(cls, records: Iterable[Mapping[str, Any]], first: Iterable[str] = ()) -> "Rows":
        """Lay records out under the union of their keys; ``first`` are there even without any."""
        records = list(records)
        columns = tuple(dict.fromkeys([*first, *(key for record in records for key in record)]))
        return cls(columns, [[record.get(key) for key in columns] for record in records])


def write_json(document: Any, sink: Sink) -> None:
    """Write JSON that every reader takes: NaN and infinity are null."""
    sink.write(f"{_json(document, indented=True)}\n".encode())


def write_json_array(items: Iterable[Any], sink: Sink) -> None:
    """Write an array as ``write_json`` does, item by item."""
    before = "["
    for item in items:
        sink.write(f"{before}\n{indent(_json(item, indented=True), '  ')}".encode())
        before = ","
    sink.write(b"[]\n" if before == "[" else b"\n]\n")


def write_json_lines(items: Iterable[Any], sink: Sink) -> None:
    """Write an object a line."""
    for item in items:
        sink.write(f"{_json(item, indented=False)}\n".encode())


def _json(document: Any, *, indented: bool) -> str:
    space = 2 if indented else None
    return json.dumps(plain(document), indent=space, ensure_ascii=False, allow_nan=False)


def write_csv(rows: Rows, sink: Sink) -> None:
    """Write csv with a header; nothing is an empty cell."""
    sink.write(_lines([rows.columns]))
    for part in _parts(rows.cells):
        sink.write(_lines([[_csv_cell(cell) for cell in row] for row in part]))


def _lines(rows: Sequence[Sequence[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _csv_cell(cell: Any) -> Any:
    simple = plain(cell)
    if isinstance(simple, bool):
        return "true" if simple else "false"
    if isinstance(simple, dict | list):
        return json.dumps(simple, ensure_ascii=False)
    return simple  # csv writes None as nothing, and floats so that they read back equal


def write_parquet(rows: Rows, sink: Sink) -> None:
    """Write parquet, one type a column: mixed numbers as floats, other mixtures as text."""
    import pyarrow as pa
    from pyarrow import parquet

    from searcher.store.columns import OF_NAME, Columns

    columns = Columns(rows.columns, OF_NAME if rows.of_trials else None)
    for row in rows.cells:
        columns.see(zip(rows.columns, row, strict=True))
    schema = columns.schema()
    with parquet.ParquetWriter(pa.PythonFile(_Counted(sink), mode="w"), schema) as writer:
        for part in _parts(rows.cells):
            writer.write_batch(columns.batch(part))


class _Counted:
    """A file that knows how much was written, which a pipe does not, and parquet asks."""

    closed = False

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._size = 0

    def write(self, data: Any) -> int:
        self._sink.write(bytes(data))
        self._size += len(data)
        return len(data)

    def tell(self) -> int:
        return self._size

    def flush(self) -> None:
        self._sink.flush()

    def close(self) -> None:
        """Leave the sink open: whoever opened it closes it."""


def _parts(rows: Iterable[Sequence[Any]]) -> Iterator[list[Sequence[Any]]]:
    left = iter(rows)
    while part := list(islice(left, AT_ONCE)):
        yield part
