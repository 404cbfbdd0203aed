"""Where an answer goes, and in which form: a table, JSON, csv or parquet; stdout or a file."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import typer

from searcher.cli import formats
from searcher.cli.exits import RequestError
from searcher.cli.formats import Rows, Sink

__all__ = ["Answer", "Format", "Rows", "check_format", "deliver", "note"]

Format = Literal["table", "json", "jsonl", "csv", "parquet"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command found, ready for every form; only the one asked for is made."""

    document: Callable[[], Any]  # for JSON
    rows: Callable[[], Rows]
    table: Callable[[bool], str]  # for people; told whether they look at a terminal
    items: Callable[[], Iterable[Any]] | None = None  # of a document that is a long array


def deliver(answer: Answer, wanted: Format | None, *, output: Path | None = None) -> None:
    """Write an answer; without ``wanted`` the file's name decides, and else it is a table.

    A file gets its name when all is written: what fails on the way leaves the old one as it was.

    Raises
    ------
    RequestError
        If parquet would go to a terminal.
    OSError
        If it can't be written.
    """
    form = check_format(wanted, output)
    table = answer.table(output is None and sys.stdout.isatty()) if form == "table" else ""
    if output is None and form == "table":
        typer.echo(table, nl=False)  # in the terminal's own encoding
        return
    with _sink(output) as sink:
        if form == "table":
            sink.write(table.encode())
        elif form == "csv":
            formats.write_csv(answer.rows(), sink)
        elif form == "parquet":
            formats.write_parquet(answer.rows(), sink)
        else:
            _write_json(answer, sink, lines=form == "jsonl")


def _write_json(answer: Answer, sink: Sink, *, lines: bool) -> None:
    if answer.items is not None:
        (formats.write_json_lines if lines else formats.write_json_array)(answer.items(), sink)
        return
    document = answer.document()
    if lines:
        formats.write_json_lines(
            document if isinstance(document, list | tuple) else [document], sink
        )
    else:
        formats.write_json(document, sink)


@contextmanager
def _sink(output: Path | None) -> Iterator[Sink]:
    if output is None:
        sys.stdout.flush()
        sink = typer.get_binary_stream("stdout")
        yield sink
        sink.flush()
        return
    path = output.resolve()
    if path.parent.is_dir() and (path.is_file() or not path.exists()):
        from searcher.files import fresh_file

        with fresh_file(path.parent, path.name) as fresh:
            yield fresh
            fresh.publish(path)
    else:  # a device or a pipe; or nothing, and the error says so
        with path.open("wb") as file:
            yield file


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


def note(text: str, *, quiet: bool = False) -> None:
    """Say something beside the answer: on stderr, so that stdout holds the answer only."""
    if not quiet:
        with suppress(OSError):  # nobody reads stderr: no reason to lose the answer
            typer.echo(text, err=True)
