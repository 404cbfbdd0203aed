"""Records on disk while the database is away: within a bound, and told again when it is back.

A line is a record as JSON with its checksum, so that a line that was being written when the
process died is known for what it is. Telling a record twice is harmless (``ledger.py``).
"""

import json
import os
import zlib
from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

import numpy as np

from searcher import records
from searcher.errors import StoreAwayError
from searcher.failpoints import failpoint
from searcher.records import Fold, ParityVerdict, Record

NAME = "spool.jsonl"
MOST_BYTES = 256 * 2**20

KINDS = {kind.__name__: kind for kind in get_args(Record)}
ARRAYS = ("rows", "truth", "predicted", "probabilities")


class Spool:
    """A file of records that are not in the database yet.

    Parameters
    ----------
    path
        The file; it is there only while it is needed.
    most_bytes
        What it may grow to.
    """

    def __init__(self, path: Path, *, most_bytes: int = MOST_BYTES) -> None:
        self.path, self._most_bytes = path, most_bytes

    def append(self, wanted: list[Record]) -> None:
        """Keep records; they are on the disk when this returns.

        Raises
        ------
        StoreAwayError
            If they don't fit into the bound, or the disk takes no more.
        """
        lines = "".join(_line(record) for record in wanted).encode()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab") as file:
                if file.tell() + len(lines) > self._most_bytes:
                    raise StoreAwayError(
                        f"{self.path} would grow beyond {self._most_bytes:,} bytes"
                    )
                file.write(lines)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise StoreAwayError(f"{self.path}: {error.strerror or error}") from error
        failpoint("writer.spooled")

    def records(self) -> Iterator[Record]:
        """Read what was kept, in order, up to the first line that is not whole."""
        if not self.path.is_file():
            return
        with self.path.open("rb") as file:
            for line in file:
                checksum, _, text = line.rstrip(b"\n").partition(b" ")
                if not line.endswith(b"\n") or checksum != _checksum(text):
                    return
                yield _record(json.loads(text))

    def clear(self) -> None:
        """Forget what is in the database by now."""
        if self.path.is_file():  # it may be under what is no folder
            self.path.unlink()


def _line(record: Record) -> str:
    document = {"record": type(record).__name__} | {
        field.name: _plain(getattr(record, field.name)) for field in fields(record)
    }
    text = json.dumps(document, ensure_ascii=True)
    return f"{_checksum(text.encode()).decode()} {text}\n"


def _checksum(text: bytes) -> bytes:
    return f"{zlib.crc32(text):08x}".encode()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, ParityVerdict | Fold):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value


def _record(document: dict[str, Any]) -> Record:
    kind = KINDS[document.pop("record")]
    document["at"] = datetime.fromisoformat(document["at"])
    if kind is records.OuterPredictions:
        for name in ARRAYS:
            document[name] = None if document[name] is None else np.array(document[name])
    if kind is records.ParityChecked:
        verdict = document["verdict"]
        for name in ("probes", "worst_rows", "repairs"):
            verdict[name] = tuple(verdict[name])
        document["verdict"] = ParityVerdict(**verdict)
    if kind is records.SearchStarted:
        document["folds"] = tuple(
            Fold(**fold | {part: np.array(fold[part]) for part in ("train", "test")})
            for fold in document["folds"]
        )
    for name in ("interval", "default_interval"):
        if document.get(name) is not None:
            document[name] = tuple(document[name])
    made: Record = kind(**document)
    return made
