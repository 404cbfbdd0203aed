"""A file is there whole or not at all."""

import errno
import os
import signal
from hashlib import sha256

import pytest

from searcher.errors import StoreError
from searcher.files import fresh_file, open_regular, read_checked, sha256_of, write_atomically
from tests.full_disk import small_disk

__all__ = ["small_disk"]


def names(folder):
    return sorted(entry.name for entry in folder.iterdir())


def test_a_written_file_is_described(tmp_path):
    path = tmp_path / "a" / "new folder" / "file"

    written = write_atomically(path, b"content")

    assert path.read_bytes() == b"content"
    assert written.path == path
    assert (written.sha256, written.size_bytes) == (sha256(b"content").hexdigest(), 7)
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_written_file_replaces_the_old_one(tmp_path):
    path = tmp_path / "file"
    write_atomically(path, b"a long first version")

    write_atomically(path, b"second")

    assert path.read_bytes() == b"second"
    assert names(tmp_path) == ["file"]


def test_a_write_that_fails_leaves_neither_a_part_nor_a_temporary_file(tmp_path):
    path = tmp_path / "model.onnx"
    path.mkdir()  # a folder can't be replaced by a file

    with pytest.raises(OSError, match=r"model\.onnx"):
        write_atomically(path, b"data")

    assert names(tmp_path) == ["model.onnx"]


def test_a_full_disk_leaves_the_old_file_and_says_where(small_disk):
    path = small_disk / "model.onnx"
    write_atomically(path, b"old")

    with pytest.raises(OSError, match=r"No space left on device: .*model\.onnx") as refused:
        write_atomically(path, bytes(1 << 20))

    assert refused.value.errno == errno.ENOSPC
    assert path.read_bytes() == b"old"
    assert names(small_disk) == ["model.onnx"]


def test_an_exception_while_writing_leaves_nothing(tmp_path):
    def write():
        with fresh_file(tmp_path, "file") as file:
            file.write(b"a part")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write()

    assert names(tmp_path) == []


def test_a_process_killed_while_writing_leaves_the_old_file_and_one_that_is_plainly_temporary(
    tmp_path,
):
    path = tmp_path / "model.onnx"
    write_atomically(path, b"old")

    child = os.fork()
    if not child:
        with fresh_file(tmp_path, path.name) as file:
            file.write(bytes(100_000))
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)

    assert path.read_bytes() == b"old"
    left, _ = names(tmp_path)
    assert left.startswith(".model.onnx.")
    assert left.endswith(".tmp")


def test_a_long_name_can_be_written(tmp_path):
    path = tmp_path / ("x" * 255)

    write_atomically(path, b"content")

    assert path.read_bytes() == b"content"


@pytest.mark.parametrize("change", [b"Content", b"conten", b"content!", b""])
def test_a_changed_file_is_not_read(tmp_path, change):
    written = write_atomically(tmp_path / "file", b"content")
    assert read_checked(written.path, written.sha256) == b"content"

    written.path.write_bytes(change)

    with pytest.raises(StoreError, match="is not the file that was written"):
        read_checked(written.path, written.sha256)


def test_a_symbolic_link_is_not_read(tmp_path):
    (tmp_path / "secret").write_bytes(b"content")
    (tmp_path / "file").symlink_to("secret")

    with (
        pytest.raises(StoreError, match="is no regular file"),
        open_regular(tmp_path / "file") as file,
    ):
        file.read()


def test_a_pipe_is_no_file_and_does_not_block(tmp_path):
    os.mkfifo(tmp_path / "file")

    with pytest.raises(StoreError, match="is no regular file"):
        read_checked(tmp_path / "file", "0")


def test_a_large_file_has_the_same_hash_in_pieces(tmp_path):
    data = bytes(range(256)) * 10_000
    written = write_atomically(tmp_path / "file", data)

    with open_regular(written.path) as file:
        found = sha256_of(file)

    assert found == written.sha256 == sha256(data).hexdigest()
