"""How a CSV file becomes columns of text: nothing is guessed here, and nothing is repaired."""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.csv as pacsv

from searcher.data.table import Table, check_names, combine
from searcher.errors import DataError

_BLOCK_BYTES = 4 * 2**20  # read at a time
_SHOWN = 3  # ragged rows that a message names


def read_csv(file: Path, *, compressed: bool) -> Table:
    """Read a comma-separated UTF-8 file with a header; each distinct text is kept once.

    Raises
    ------
    DataError
        If the file is not gzip although its name says so, not UTF-8, or a row has more or fewer
        cells than the header.
    """
    with _said_plainly(file):
        with _open(file, compressed=compressed) as stream:
            names, n_lines = _read_header(file, stream)
        with _open(file, compressed=compressed) as stream:
            table = _read_cells(file, stream, names, n_lines)
    arrays = {name: combine(column) for name, column in zip(names, table, strict=True)}
    return Table(file.name, arrays)


def _open(file: Path, *, compressed: bool) -> IO[bytes]:
    return gzip.open(file, "rb") if compressed else file.open("rb")  # type: ignore[return-value]


def _read_header(file: Path, stream: IO[bytes]) -> tuple[list[str], int]:
    """Column names, and how many lines they take (a quoted name may hold a line break).

    Read here because every CSV library renames columns that are there twice.
    """
    with io.TextIOWrapper(stream, encoding="utf-8-sig", newline="") as text:
        reader = csv.reader(text, strict=True)
        names = next((record for record in reader if record), [])
    if not names:
        raise DataError(f"{file}: empty, not even a header")
    if len(names) == 1 and any(mark in names[0] for mark in ";\t|"):
        mark = next(mark for mark in ";\t|" if mark in names[0])
        raise DataError(
            f"{file}: the header is one column {names[0]!r:.60}: are cells separated by {mark!r}? "
            "They must be separated by commas"
        )
    names = [name.strip() for name in names]
    check_names(names)
    return names, reader.line_num


def _read_cells(file: Path, stream: IO[bytes], names: list[str], n_lines: int) -> Any:
    ragged: list[Any] = []

    def remember(row: Any) -> str:
        ragged.append(row)
        return "skip"

    text = pa.dictionary(pa.int32(), pa.string())
    table = pacsv.read_csv(
        stream,
        # One thread: with more, Arrow (26) does not know the numbers of ragged rows.
        read_options=pacsv.ReadOptions(
            column_names=names, skip_rows=n_lines, use_threads=False, block_size=_BLOCK_BYTES
        ),
        parse_options=pacsv.ParseOptions(newlines_in_values=True, invalid_row_handler=remember),
        convert_options=pacsv.ConvertOptions(column_types=dict.fromkeys(names, text)),
    )
    if ragged:
        named = "; ".join(
            f"line {row.number} has {row.actual_columns}" for row in ragged[:_SHOWN]
        ) + (f"; and {len(ragged) - _SHOWN:,} more" if len(ragged) > _SHOWN else "")
        raise DataError(
            f"{file}: the header has {len(names)} columns, but {named}. A cell with a comma in it "
            'must stand in double quotes: "a, b"'
        )
    return table


@contextmanager
def _said_plainly(file: Path) -> Iterator[None]:
    """Turn what the libraries raise into a DataError that names the file."""
    try:
        yield
    except gzip.BadGzipFile as error:
        raise DataError(f"{file}: not a gzip file, although its name ends in .gz") from error
    except (EOFError, zlib.error) as error:
        raise DataError(f"{file}: damaged, the compressed data end too early") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{file}: the header is not UTF-8 text; save the file as UTF-8") from error
    except csv.Error as error:
        raise DataError(f"{file}: the header is not CSV: {error}") from error
    except pa.ArrowInvalid as error:
        if "UTF8" in str(error):
            raise DataError(f"{file}: not UTF-8 text; save the file as UTF-8 ({error})") from error
        raise DataError(f"{file}: not CSV: {error}") from error
