"""How a file reaches the disk: whole or not at all, and with the hash that tells it later."""

import errno
import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from searcher.errors import StoreError

TEMPORARY = ".tmp"
"""Ending of a file that is being written; what a killed process leaves begins with a dot too."""

LONGEST_NAME = 100
"""Characters of the final name that the temporary one repeats: file systems allow 255 bytes."""

CHUNK_BYTES = 1 << 20

FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True, slots=True)
class Written:
    """A file that is on disk, durably."""

    path: Path
    sha256: str
    size_bytes: int


class FreshFile:
    """A file under a temporary name, which others see only when it is published.

    Has ``write`` and ``flush``, so that whatever writes to a stream can write here.
    """

    def __init__(self, file: BinaryIO, temporary: Path) -> None:
        self._file, self._temporary = file, temporary
        self._hash = hashlib.sha256()
        self._size = 0

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Add bytes."""
        written = self._file.write(data)
        self._hash.update(data)
        self._size += written
        return written

    def flush(self) -> None:
        """Hand what was written to the operating system."""
        self._file.flush()

    @property
    def sha256(self) -> str:
        """Of what was written so far."""
        return self._hash.hexdigest()

    def sync(self) -> None:
        """Return when what was written would survive a power cut, still under its other name."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def publish(self, path: Path) -> Written:
        """Give the file its name, in the same folder; an older file of that name is replaced."""
        self.sync()
        self._temporary.chmod(0o644)  # mkstemp gives it to nobody else
        self._temporary.replace(path)
        sync_folder(path.parent)
        return Written(path, self.sha256, self._size)


@contextmanager
def fresh_file(folder: Path, name: str) -> Iterator[FreshFile]:
    """Open a file that is going to be in ``folder``; what is not published is gone at the end.

    Parameters
    ----------
    name
        What its temporary name repeats, so that people know what it was going to be.

    Raises
    ------
    OSError
        When the disk is full or refuses; its ``filename`` says where.
    """
    make_folder(folder)
    prefix = f".{name[:LONGEST_NAME]}."
    descriptor, temporary = tempfile.mkstemp(prefix=prefix, suffix=TEMPORARY, dir=folder)
    file = os.fdopen(descriptor, "wb")
    try:
        yield FreshFile(file, Path(temporary))
    except OSError as error:
        if error.errno and error.filename is None:  # writing does not say where
            raise OSError(error.errno, error.strerror, str(folder / name)) from error
        raise
    finally:
        with suppress(OSError):  # on a full disk closing fails once more
            file.close()
        Path(temporary).unlink(missing_ok=True)


def write_atomically(path: Path, data: bytes) -> Written:
    """Put ``data`` at ``path``; a reader, or a power cut, finds the old file or the new one.

    Raises
    ------
    OSError
        When it can't be written; the old file is as it was, and nothing else is left.
    """
    with fresh_file(path.parent, path.name) as file:
        file.write(data)
        return file.publish(path)


def make_folder(folder: Path) -> None:
    """Make a folder with its parents, durably: a file is as safe as the folders it is in."""
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for new in reversed(missing):
        new.mkdir(exist_ok=True)
        sync_folder(new.parent)


def explained(error: OSError) -> str:
    """Say in a line why a file could not be written."""
    why = "the disk is full" if error.errno in FULL else error.strerror or str(error)
    return why if error.filename is None else f"{why}: {error.filename}"


def sync_folder(folder: Path) -> None:
    """Make what was created, renamed or removed in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def open_regular(path: Path) -> Iterator[BinaryIO]:
    """Open a file for reading, if that is what it is.

    Raises
    ------
    OSError
        When it is not there, or may not be read.
    StoreError
        When it is a symbolic link, a folder or a device.
    """
    if not stat.S_ISREG(path.lstat().st_mode):
        raise StoreError(f"{path} is no regular file")
    # A link put there since then is refused, a pipe does not block.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        yield file


def sha256_of(file: BinaryIO) -> str:
    """Return the SHA-256 of a file from here to its end."""
    digest = hashlib.sha256()
    while chunk := file.read(CHUNK_BYTES):
        digest.update(chunk)
    return digest.hexdigest()


def read_checked(path: Path, sha256: str) -> bytes:
    """Read a file that has to be what was written once.

    Raises
    ------
    OSError
        When it is not there, or can't be read.
    StoreError
        When it is another, or a part of it.
    """
    with open_regular(path) as file:
        data = file.read()
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise StoreError(
            f"{path} is not the file that was written: its SHA-256 is {found[:12]}, "
            f"recorded is {sha256[:12]}"
        )
    return data
