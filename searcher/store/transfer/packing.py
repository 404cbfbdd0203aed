"""How a portable file is written: a zip of JSON lines, streamed, each member with its SHA-256."""

import json
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from searcher.errors import StoreError
from searcher.store.transfer.manifest import (
    MANIFEST,
    FileMember,
    Manifest,
    TableMember,
    member_of_file,
    member_of_table,
)

CHUNK = 2**20
LINES = 1_000

_line = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


class Packer:
    """A portable file that is being written; ``close`` it with its manifest."""

    def __init__(self, path: Path) -> None:
        self._zip = ZipFile(path, "x", allowZip64=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._zip.close()

    def table(self, name: str, columns: list[str], rows: Iterable[list[Any]]) -> TableMember:
        """Write a table's rows as they come."""
        digest, count, size = sha256(), 0, 0
        with self._zip.open(_info(member_of_table(name)), "w", force_zip64=True) as member:
            for lines in _gathered(rows):
                data = "".join(lines).encode()
                member.write(data)
                digest.update(data)
                count, size = count + len(lines), size + len(data)
        return TableMember(
            columns=tuple(columns), rows=count, size_bytes=size, sha256=digest.hexdigest()
        )

    def file(self, path: Path, expected: str) -> FileMember:
        """Write a file, under the SHA-256 that it is known to have.

        Raises
        ------
        StoreError
            When it changes while it is read.
        """
        digest, size = sha256(), 0
        info = _info(member_of_file(expected), compress=ZIP_STORED)
        with path.open("rb") as source, self._zip.open(info, "w", force_zip64=True) as member:
            while chunk := source.read(CHUNK):
                member.write(chunk)
                digest.update(chunk)
                size += len(chunk)
        if digest.hexdigest() != expected:
            raise StoreError(f"{path} changed while it was read")
        return FileMember(sha256=expected, size_bytes=size)

    def manifest(self, manifest: Manifest) -> None:
        """Say what is in the file; the last thing that is written."""
        text = manifest.model_dump_json(indent=1)
        self._zip.writestr(_info(MANIFEST), text.encode())


def _gathered(rows: Iterable[list[Any]]) -> Iterable[list[str]]:
    lines: list[str] = []
    for row in rows:
        lines.append(f"{_line(row)}\n")
        if len(lines) == LINES:
            yield lines
            lines = []
    if lines:
        yield lines


def _info(name: str, *, compress: int = ZIP_DEFLATED) -> ZipInfo:
    """Without a time: equal searches make equal members."""
    info = ZipInfo(name)
    info.compress_type = compress
    return info
