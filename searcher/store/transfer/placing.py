"""How a file gets its name: whole and on disk, or not at all."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from searcher.errors import StoreError


def check_place(path: Path, *, overwrite: bool) -> None:
    """Refuse a place that can't be written, before any work is done for it.

    Raises
    ------
    StoreError
        When the folder is missing, or something is there already.
    """
    if path.is_dir():
        raise StoreError(f"{path} is a folder; name a file")
    if not path.parent.is_dir():
        raise StoreError(f"{path}: there is no folder {path.parent}")
    if path.exists() and not overwrite:
        raise _taken(path)


@contextmanager
def placed(path: Path, *, overwrite: bool) -> Iterator[Path]:
    """Give a temporary path beside ``path``; it gets that name when the block has succeeded.

    Whoever looks sees the old file, or none, and then the new one; never a part. What the block
    wrote is on disk before it is named.

    Raises
    ------
    StoreError
        When ``path`` came to exist meanwhile, without ``overwrite``.
    """
    check_place(path, overwrite=overwrite)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        yield temporary
        sync(temporary)
        if overwrite:
            temporary.replace(path)
        else:
            _name(temporary, path)
        sync(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def _name(temporary: Path, path: Path) -> None:
    try:
        path.hardlink_to(temporary)  # fails, unlike a rename, when somebody was faster
    except FileExistsError as error:
        raise _taken(path) from error
    except OSError:  # a file system without hard links
        if path.exists():
            raise _taken(path) from None
        temporary.replace(path)


def sync(path: Path) -> None:
    """Wait until a file, or a folder's list of files, is on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _taken(path: Path) -> StoreError:
    return StoreError(f"{path} exists already; name another file, or replace it with --force")
