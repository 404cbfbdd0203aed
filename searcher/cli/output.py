"""How an answer leaves: as a table, JSON, csv or parquet, on stdout or in a file."""

import csv
import io
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import typer

from searcher.cli.exits import RequestError
from searcher.cli.plain import plain

Format = Literal["table", "json", "csv", "parquet"]


@dataclass(frozen=True, slots=True)
class Rows:
    """Cells for csv and parquet: scalars, None for nothing."""

    columns: tuple[str, ...]
    cells: list[list[Any]]

    @classmethod
    def of(cls, records: Iterable[Mapping[str, Any]], first: Iterable[str] = ()) -> "Rows":
        """Lay records out under the union of their keys; ``first`` are there even without any."""
        records = list(records)
        columns = tuple(dict.fromkeys([*first, *(key for record in records for key in record)]))
        return cls(columns, [[record.get(key) for key in columns] for record in records])


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command found, ready for every form; only the one asked for is made."""

    document: Callable[[], Any]  # for JSON
    rows: Callable[[], Rows]
    table: Callable[[bool], str]  # for people; told whether they look at a terminal


def deliver(answer: Answer, wanted: Format | None, *, output: Path | None = None) -> None:
    """Write an answer; without ``wanted`` the file's name decides, and else it is a table.

    Raises
    ------
    RequestError
        If parquet would go to a terminal.
    OSError
        If it can't be written.
    """
    form = check_format(wanted, output)
    content: str | bytes
    if form == "table":
        content = answer.table(output is None and sys.stdout.isatty())
    elif form == "json":
        content = to_json(answer.document()).encode()
    elif form == "csv":
        content = to_csv(answer.rows()).encode()
    else:
        content = to_parquet(answer.rows())
    if output is None:
        typer.echo(content, nl=False)
    elif isinstance(content, str):
        output.write_text(content, encoding="utf-8")
    else:
        output.write_bytes(content)


def check_format(wanted: Format | None, output: Path | None) -> Format:
    """Settle the format before any work is done for it."""
    form: Format = wanted or _format_of(output)
    if form == "parquet" and output is None and sys.stdout.isatty():
        raise RequestError("parquet is binary: redirect stdout, or name a file with --output")
    if output is not None and output.is_dir():
        raise RequestError(f"--output {output} is a folder; name a file")
    return form


def _format_of(output: Path | None) -> Format:
    ending = output.suffix.removeprefix(".").lower() if output is not None else ""
    return next((form for form in get_args(Format) if form == ending), "table")


def to_json(document: Any) -> str:
    """Write JSON that every reader takes: NaN and infinity are null."""
    return json.dumps(plain(document), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def to_csv(rows: Rows) -> str:
    """Write csv with a header; nothing is an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(rows.columns)
    writer.writerows([_csv_cell(cell) for cell in row] for row in rows.cells)
    return text.getvalue()


def _csv_cell(cell: Any) -> Any:
    simple = plain(cell)
    if isinstance(simple, bool):
        return "true" if simple else "false"
    if isinstance(simple, dict | list):
        return json.dumps(simple, ensure_ascii=False)
    return simple  # csv writes None as nothing, and floats so that they read back equal


def to_parquet(rows: Rows) -> bytes:
    """Write parquet, one type a column: mixed numbers as floats, other mixtures as text."""
    import pyarrow as pa
    from pyarrow import parquet

    columns = list(zip(*rows.cells, strict=True)) or [()] * len(rows.columns)
    arrays = [pa.array(_one_type(column)) for column in columns]
    sink = io.BytesIO()
    parquet.write_table(pa.Table.from_arrays(arrays, names=list(rows.columns)), sink)
    return sink.getvalue()


def _one_type(cells: Iterable[Any]) -> list[Any]:
    cells = [_csv_cell(c) if isinstance(c, dict | list | tuple) else c for c in cells]
    types = {type(cell) for cell in cells if cell is not None}
    if len(types) <= 1:
        return cells
    if types == {int, float}:
        return [None if cell is None else float(cell) for cell in cells]
    return [None if cell is None else str(_csv_cell(cell)) for cell in cells]


def note(text: str, *, quiet: bool = False) -> None:
    """Say something beside the answer: on stderr, so that stdout holds the answer only."""
    if not quiet:
        with suppress(OSError):  # nobody reads stderr: no reason to lose the answer
            typer.echo(text, err=True)
