"""Which files on disk may be removed: those that are still what a row says that they are."""

import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from searcher.errors import StoreError
from searcher.files import explained, open_regular, sha256_of, sync_folder

Identity = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Recorded:
    """A file as the rows tell of it."""

    kind: str
    path: Path
    hashes: frozenset[str]  # every SHA-256 that it was recorded with


@dataclass(frozen=True, slots=True)
class Removable:
    """A file that may go."""

    kind: str
    path: Path
    size_bytes: int
    identity: Identity  # what it was when its content was looked at


@dataclass(frozen=True, slots=True)
class Left:
    """Something that stays where it is, and why."""

    what: str
    why: str


def inspect(file: Recorded) -> Removable | Left | None:
    """Look whether a recorded file may be removed; None if it is not there any more.

    No symbolic link is followed in the file's place or in that of its folder, and a file with
    another content than was recorded is somebody else's by now.
    """
    if file.path.parent.is_symlink():
        return Left(str(file.path), "its folder is a symbolic link")
    try:
        with open_regular(file.path) as opened:
            identity = _identity(os.fstat(opened.fileno()))
            found = sha256_of(opened)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except StoreError:
        return Left(str(file.path), "it is no regular file")
    except OSError as error:
        return Left(str(file.path), f"it can't be read ({error.strerror})")
    if found not in file.hashes:
        return Left(str(file.path), "it was changed or replaced since")
    return Removable(file.kind, file.path, identity[2], identity)


def as_it_is(kind: str, path: Path) -> Removable | None:
    """Describe a file that needs no row to be known, such as a temporary one."""
    with suppress(OSError):
        found = path.lstat()
        if stat.S_ISREG(found.st_mode) and not path.parent.is_symlink():
            return Removable(kind, path, found.st_size, _identity(found))
    return None


def remove(file: Removable) -> Left | None:
    """Remove a file, durably, unless it has changed since it was looked at.

    Returns
    -------
    Left
        Why it is still there; None when it is gone.
    """
    try:
        # Everything from here on is about one folder, whatever its path leads to by now.
        folder = os.open(file.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    except OSError as error:
        return Left(str(file.path), explained(error))
    try:
        now = os.stat(file.path.name, dir_fd=folder, follow_symlinks=False)
        if _identity(now) != file.identity:
            return Left(str(file.path), "it was changed or replaced just now")
        os.unlink(file.path.name, dir_fd=folder)
        os.fsync(folder)
    except FileNotFoundError:
        return None
    except OSError as error:
        return Left(str(file.path), f"it can't be removed ({error.strerror})")
    finally:
        os.close(folder)
    return None


def remove_if_empty(folder: Path) -> bool:
    """Remove a folder that nothing is in any more; return whether it is gone."""
    try:
        folder.rmdir()
        sync_folder(folder.parent)
    except OSError:
        return False
    return True


def located(path: str, environment: dict[str, Any]) -> Path:
    """Return where a recorded file is.

    Parameters
    ----------
    path
        As the row has it; a relative one starts at the folder that the search wrote to, or at the
        current one where the search does not say.
    environment
        Of the search; ``output`` is the folder.
    """
    recorded = Path(path)
    output = environment.get("output")
    if recorded.is_absolute() or not isinstance(output, str):
        return recorded.absolute()
    return Path(output) / recorded.name


def _identity(found: os.stat_result) -> Identity:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
