"""What a checkpoint is on disk: one file that says whose it is and whether it is whole.

A zip archive, uncompressed, of named parts and of ``checkpoint.json``. Its SHA-256 is in its name,
so that the folder alone tells a whole file from a torn one, also where the process died before
the row was written. Nothing in it is ever executed or unpickled here.
"""

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from searcher.errors import StoreError
from searcher.files import FreshFile, open_regular, read_checked

MANIFEST = "checkpoint.json"
PARTS = "payload/"
SUFFIX = ".checkpoint"
FORMAT = 1

PLAIN_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
"""Ids that are a folder's name as they are, also where upper and lower case are the same."""

FILE_NAME = re.compile(r"(\d{10})-([0-9a-f]{64})\.checkpoint")
PART_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")

UNREADABLE = (zipfile.BadZipFile, KeyError, ValueError, TypeError, NotImplementedError, EOFError)
"""What ``zipfile`` and ``json`` raise of files that they did not write."""

Part = bytes | Callable[[IO[bytes]], object]
"""Bytes, or what writes them into a stream that is open for writing only."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint that is on disk: what its row needs."""

    trial_id: str
    resource: int  # training budget that is in it
    path: str
    sha256: str
    size_bytes: int
    score: float | None  # larger is better
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Loaded:
    """A checkpoint with what was saved in it."""

    checkpoint: Checkpoint
    payload: dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in a trial's folder, by its name."""

    path: Path
    resource: int
    sha256: str
    changed_ns: int


def safe_name(trial_id: str) -> str:
    """Name a file or folder after an id: readable where it can be, and never that of another."""
    if PLAIN_ID.fullmatch(trial_id):
        return trial_id
    digest = hashlib.sha256(trial_id.encode("utf-8", "surrogatepass")).hexdigest()
    readable = re.sub(r"[^a-z0-9_-]+", "-", trial_id.lower())[:40].strip("-")
    return f"{readable}~{digest[:32]}"  # no plain id has a tilde


def entries_in(folder: Path) -> Iterator[Entry]:
    """List the checkpoints in a trial's folder, by their names alone."""
    for path in folder.iterdir():
        if match := FILE_NAME.fullmatch(path.name):
            yield Entry(path, int(match[1]), match[2], path.lstat().st_mtime_ns)


def write_archive(file: FreshFile, told: Checkpoint, payload: Mapping[str, Part]) -> None:
    """Write what is told of a checkpoint, and its parts."""
    manifest = {
        "format": FORMAT,
        "trial_id": told.trial_id,
        "resource": told.resource,
        "score": told.score,
        "created_at": told.created_at.isoformat(),
        "parts": list(payload),
    }
    with zipfile.ZipFile(file, "w") as archive:  # type: ignore[call-overload]  # a stream will do
        archive.writestr(zipfile.ZipInfo(MANIFEST), json.dumps(manifest, allow_nan=False))
        for name, part in payload.items():
            if not PART_NAME.fullmatch(name):
                raise StoreError(
                    f"a checkpoint's part is named {name!r:.80}; allowed: 1 to 100 letters, "
                    "digits, '.', '_' and '-'"
                )
            with archive.open(zipfile.ZipInfo(PARTS + name), "w", force_zip64=True) as stream:
                stream.write(part) if isinstance(part, bytes) else part(stream)


def load(entry: Entry, trial_id: str) -> Loaded:
    """Read a checkpoint.

    Raises
    ------
    OSError
        When it is not there, or can't be read.
    StoreError
        When it is torn, changed, another trial's, or none at all.
    """
    data = read_checked(entry.path, entry.sha256)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            manifest = _manifest(archive)
            payload = {name: archive.read(PARTS + name) for name in manifest["parts"]}
        checkpoint = Checkpoint(
            trial_id=manifest["trial_id"],
            resource=manifest["resource"],
            path=str(entry.path),
            sha256=entry.sha256,
            size_bytes=len(data),
            score=manifest["score"],
            created_at=datetime.fromisoformat(manifest["created_at"]),
        )
    except UNREADABLE as error:
        raise StoreError(f"{entry.path} is no checkpoint: {error}") from error
    if checkpoint.trial_id != trial_id:
        raise StoreError(f"{entry.path} is of another trial, {checkpoint.trial_id!r:.80}")
    return Loaded(checkpoint, payload)


def _manifest(archive: zipfile.ZipFile) -> dict[str, Any]:
    manifest = json.loads(archive.read(MANIFEST))
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise ValueError(f"{MANIFEST} is of another format")
    return manifest


def manifest_of(path: Path) -> dict[str, Any] | None:
    """Read what a checkpoint says of itself, without its parts; None if it is none."""
    try:
        with open_regular(path) as file, zipfile.ZipFile(file) as archive:
            return _manifest(archive)
    except (OSError, StoreError, *UNREADABLE):
        return None


def score_of(entry: Entry) -> float | None:
    """Read the score that was saved with a checkpoint."""
    score = (manifest_of(entry.path) or {}).get("score")
    return score if isinstance(score, float) else None


def is_whole(entry: Entry) -> bool:
    """Whether a checkpoint is as it was written."""
    try:
        read_checked(entry.path, entry.sha256)
    except (StoreError, OSError):
        return False
    return True
