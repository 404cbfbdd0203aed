"""How a portable file is read that anybody may have made: every size, name and sum is checked.

Nothing in it is ever run or unpickled, and no name in it becomes a path.
"""

import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from io import BufferedReader
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from pydantic import ValidationError

from searcher.errors import NotFoundError, StoreError
from searcher.store.transfer.manifest import (
    FORMAT,
    LIMITS,
    MANIFEST,
    VERSION,
    FileMember,
    Limits,
    Manifest,
    TableMember,
    member_of_file,
    member_of_table,
)
from searcher.store.transfer.progress import Progress, silent

CHUNK = 2**20
ENCRYPTED = 0x1
ROOM = 2**20  # bytes below which a ratio says nothing


class Unpacker:
    """A portable file that is being read; opening it checks all that can be checked by its index.

    Raises
    ------
    NotFoundError
        When there is no such file.
    StoreError
        When it is no portable file of a search, is of another version, or is not what it says.
    """

    def __init__(self, path: Path, limits: Limits = LIMITS) -> None:
        if not path.is_file():
            raise NotFoundError(f"there is no file {path}")
        self._path, self._limits = path, limits
        with self._plain():
            self._zip = ZipFile(path)
        try:
            self._members = self._index()
            self.manifest = self._read_manifest()
            self._compare()
        except BaseException:
            self._zip.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._zip.close()

    def verify(self, progress: Progress = silent) -> None:
        """Compare every member with its sum, its size and its number of rows."""
        parts: list[tuple[str, TableMember | FileMember]] = [
            (member_of_table(name), part) for name, part in self.manifest.tables.items()
        ]
        parts += [(member_of_file(part.sha256), part) for part in self.manifest.files]
        total, done = sum(part.size_bytes for _, part in parts), 0
        for name, part in parts:
            digest, lines, last = sha256(), 0, b"\n"
            for chunk in self._chunks(name):
                digest.update(chunk)
                lines, last = lines + chunk.count(b"\n"), chunk[-1:]
                done += len(chunk)
                progress("bytes checked", done, total)
            if digest.hexdigest() != part.sha256:
                raise self._wrong(f"{name} has another SHA-256 than the manifest says")
            if not isinstance(part, FileMember) and (lines != part.rows or last != b"\n"):
                raise self._wrong(f"{name} has {lines:,} rows, the manifest says {part.rows:,}")

    def rows(self, table: str) -> Iterator[list[Any]]:
        """Read a table's rows, one at a time."""
        columns = len(self.manifest.tables[table].columns)
        name, most = member_of_table(table), self._limits.row_bytes
        with self._plain(), self._zip.open(self._members[name]) as member:
            lines = BufferedReader(member, CHUNK)  # type: ignore[type-var]  # any raw stream
            while line := lines.readline(most + 1):
                if len(line) > most:
                    raise self._wrong(f"{name} has a row of more than {most:,} bytes")
                row = _parse(line)
                if not isinstance(row, list) or len(row) != columns:
                    raise self._wrong(f"{name} has a row that is no list of {columns} cells")
                yield row

    def unpack(self, sha: str, path: Path) -> None:
        """Write a file's bytes to ``path``, and compare them with their sum."""
        digest = sha256()
        with path.open("xb") as target:
            for chunk in self._chunks(member_of_file(sha)):
                digest.update(chunk)
                target.write(chunk)
        if digest.hexdigest() != sha:
            raise self._wrong(f"file {sha} has another SHA-256 than its name")

    def _chunks(self, name: str) -> Iterator[bytes]:
        with self._plain(), self._zip.open(self._members[name]) as member:
            while chunk := member.read(CHUNK):
                yield chunk

    def _index(self) -> dict[str, ZipInfo]:
        members = self._zip.infolist()
        if len(members) > self._limits.members:
            raise self._wrong(f"it has {len(members):,} members")
        if sum(member.file_size for member in members) > self._limits.total_bytes:
            raise self._wrong(f"it unpacks to more than {self._limits.total_bytes:,} bytes")
        for member in members:
            if member.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
                raise self._wrong("it is packed in a way that this format does not use")
            if member.flag_bits & ENCRYPTED:
                raise self._wrong("it is encrypted")
            if member.file_size > ROOM + self._limits.ratio * member.compress_size:
                raise self._wrong("it unpacks to far more than rows can: a zip bomb")
        index = {member.filename: member for member in members}
        if len(index) != len(members):
            raise self._wrong("two of its members have one name")
        return index

    def _read_manifest(self) -> Manifest:
        member = self._members.get(MANIFEST)
        if member is None:
            raise self._wrong("it has no manifest")
        if member.file_size > self._limits.manifest_bytes:
            raise self._wrong(f"its manifest has {member.file_size:,} bytes")
        with self._plain():
            document = _parse(self._zip.read(member))
        said = document if isinstance(document, dict) else {}
        if said.get("format") != FORMAT or said.get("version") != VERSION:
            raise self._wrong(
                f"its manifest is of {str(said.get('format'))[:40]!r}, version "
                f"{str(said.get('version'))[:40]}; this searcher reads {FORMAT!r}, "
                f"version {VERSION}"
            )
        try:
            return Manifest.model_validate_json(self._zip.read(member))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part)[:40] for part in first["loc"])
            raise self._wrong(f"its manifest is wrong at {where}: {first['msg']}") from error

    def _compare(self) -> None:
        """Compare the manifest with the members: nothing more, nothing less, no other size."""
        sizes = {member_of_table(n): part.size_bytes for n, part in self.manifest.tables.items()}
        sizes |= {member_of_file(part.sha256): part.size_bytes for part in self.manifest.files}
        found = {n: member.file_size for n, member in self._members.items() if n != MANIFEST}
        if sizes != found:
            odd = sorted({name for name, _ in sizes.items() ^ found.items()})
            raise self._wrong(f"manifest and members disagree about {', '.join(odd[:3])[:200]!r}")

    def _wrong(self, what: str) -> StoreError:
        return StoreError(f"{self._path} can't be imported: {what}")

    @contextmanager
    def _plain(self) -> Iterator[None]:
        try:
            yield
        except (BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
            raise self._wrong(f"it is no sound zip file ({error})") from error
        except UnicodeDecodeError as error:
            raise self._wrong("it is not in UTF-8") from error
        except (ValueError, RecursionError) as error:
            raise self._wrong(f"a row is no JSON that a store writes ({error})") from error


def _parse(line: bytes) -> Any:
    return json.loads(line, parse_constant=_refuse)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")
