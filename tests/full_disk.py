"""A disk so small that it is full at once."""

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

SIZE_KIB = 512


def mount(folder: Path, *, size_kib: int = SIZE_KIB) -> None:
    """Put a file system of that size on ``folder``, or skip the test where that is not allowed."""
    if not sys.platform.startswith("linux"):
        pytest.skip("a small disk needs Linux")
    command = ["mount", "-t", "tmpfs", "-o", f"size={size_kib}k", "tmpfs", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except OSError as error:
        pytest.skip(f"no small disk: {error}")
    if done.returncode:
        pytest.skip(f"no small disk: {done.stderr.strip()}")


def unmount(folder: Path) -> None:
    """Take it away again, whoever still has a file open there."""
    subprocess.run(["umount", "--lazy", str(folder)], capture_output=True, timeout=20, check=False)


def resize(folder: Path, size_kib: int) -> None:
    """Give the disk another size."""
    command = ["mount", "-o", f"remount,size={size_kib}k", str(folder)]
    subprocess.run(command, capture_output=True, timeout=20, check=True)


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a disk of half a megabyte."""
    folder = tmp_path / "small disk"
    folder.mkdir()
    mount(folder)
    try:
        yield folder
    finally:
        unmount(folder)


def fill_up(folder: Path) -> Path:
    """Take all the space that is left; return the file to remove."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            if not file.write(bytes(4096)):
                break
    return filler
