"""How a csv file of new rows becomes columns of text."""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from searcher.errors import DataError, near

Texts = dict[str, list[str]]

GZIP = b"\x1f\x8b"


def read_csv(path: Path, names: Sequence[str]) -> Texts:
    """Read the columns called ``names`` of a csv or csv.gz file; further ones are ignored.

    Raises
    ------
    DataError
        If there is no such file, no row or not every column, or a row is too long or too short.
    """
    try:
        with _open(path) as file:
            return _collect(csv.reader(file, strict=True), names, path.name)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} can't be read: {error}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text: {error}") from error
    except csv.Error as error:
        raise DataError(f"{path} is no csv file: {error}") from error


def _collect(lines: Iterator[list[str]], names: Sequence[str], file: str) -> Texts:
    header = next((cells for cells in lines if cells), None)
    if header is None:
        raise DataError(f"{file} is empty: the first line must name the columns")
    header = [name.strip() for name in header]
    places = [_find(name, header, file) for name in names]
    texts: Texts = {name: [] for name in names}
    row = 0
    for cells in lines:
        if not cells:
            continue  # a blank line
        row += 1
        if len(cells) != len(header):
            raise DataError(f"{file}, row {row} has {len(cells)} cells; the header {len(header)}")
        for name, place in zip(names, places, strict=True):
            texts[name].append(cells[place])
    if not row:
        raise DataError(f"{file} has a header and no row")
    return texts


def _find(name: str, header: list[str], file: str) -> int:
    if header.count(name) == 1:
        return header.index(name)
    if name in header:
        raise DataError(f"{file} has {header.count(name)} columns called {name!r}")
    raise DataError(f"{file} has no column {name!r}.{near(name, header)}")


@contextmanager
def _open(path: Path) -> Iterator[TextIO]:
    with path.open("rb") as raw:
        packed = raw.read(len(GZIP)) == GZIP
        raw.seek(0)
        plain = gzip.GzipFile(fileobj=raw) if packed else raw
        with io.TextIOWrapper(plain, encoding="utf-8-sig", newline="") as text:
            yield text
