"""A full disk is said plainly, loses nothing acknowledged, and is over once there is room."""

import errno
import os
import shutil
import sqlite3

import pytest
from sqlalchemy import Engine, event

from searcher.errors import StoreAwayError, StoreError
from searcher.export.artifact import export_model
from searcher.records import Note
from searcher.report import write_report
from searcher.store import Store, Writer, check
from searcher.store.spool import Spool
from tests.crashes import crash
from tests.full_disk import fill_up, mount, small_disk, unmount
from tests.searcher.export.models import fit, make_data, probes_of
from tests.searcher.store.records_factory import START, fill, make_records

__all__ = ["small_disk"]

pytestmark = pytest.mark.slow

BEGUN = make_records("s", state="running")


def note(number):
    return Note("s", "big", {"number": number, "text": os.urandom(5000).hex()}, at=START)


class Disk:
    """A store on a small disk, with the folder that is filled and emptied."""

    def __init__(self, url, folder):
        self.url, self.folder = url, folder

    def fill(self):
        self.filler = fill_up(self.folder)

    def empty(self):
        self.filler.unlink()


@pytest.fixture
def disk(database, request, tmp_path):
    """SQLite's file, or all tables of a PostgreSQL database, on a disk that is soon full."""
    folder = tmp_path / "small disk"
    folder.mkdir()
    if database == "sqlite":
        mount(folder, size_kib=2048)
        yield Disk(f"sqlite:///{folder / 'searcher.db'}", folder)
        unmount(folder)
        return
    server = request.getfixturevalue("postgres")
    mount(folder, size_kib=24_000)
    space, owner = server.folder / "small", (server.folder / "data").stat()
    space.mkdir()
    unmount(folder)
    mount(space, size_kib=24_000)
    os.chown(space, owner.st_uid, owner.st_gid)
    (space / "room").mkdir()
    os.chown(space / "room", owner.st_uid, owner.st_gid)
    server.execute(f"CREATE TABLESPACE small LOCATION '{space / 'room'}'")
    server.execute("CREATE DATABASE small TABLESPACE small TEMPLATE template0")
    yield Disk(server.url("small"), space)
    server.drop_database(server.url("small"))
    server.execute("DROP TABLESPACE small")
    unmount(space)
    shutil.rmtree(space)


def numbers(url):
    with Store(url) as store:
        return [found.payload["number"] for found in store.events("s") if found.kind == "big"]


def write_until_full(writer):
    """Add notes, and wait for each, until that is refused; return how many were acknowledged."""
    for number in range(100_000):
        writer.add(note(number))
        try:
            writer.flush()
        except StoreError:
            return number
    raise AssertionError("the disk was never full")


def test_a_full_disk_is_said_and_what_was_acknowledged_is_there(disk):
    fill(disk.url, BEGUN)
    writer = Writer(disk.url)
    writer.add(note(-1))
    writer.flush()
    disk.fill()

    acknowledged = write_until_full(writer)
    with pytest.raises(StoreError, match="disk is full") as said:
        writer.close()

    assert "INSERT" not in str(said.value)
    disk.empty()
    assert numbers(disk.url)[: acknowledged + 1] == list(range(-1, acknowledged))
    assert check(disk.url) == []
    with Writer(disk.url) as again:
        again.add(note(acknowledged + 1))
    assert numbers(disk.url)[-1] == acknowledged + 1


def test_a_search_waits_for_room_and_goes_on_with_everything(disk, tmp_path):
    fill(disk.url, BEGUN)
    spool = tmp_path / "spool.jsonl"
    with Writer(disk.url) as writer:
        writer.lead("s", spool=spool)
        writer.add(note(-1))
        writer.flush()
        disk.fill()

        number = 0
        while writer.trouble is None:
            writer.add(note(number))
            number += 1
            wait(lambda w=writer: w.committed == w.added or w.trouble is not None)
        trouble = writer.trouble
        writer.add(note(number))
        kept = len(list(Spool(spool).records()))
        disk.empty()
        writer.flush()

    assert "disk is full" in trouble
    assert kept >= 2
    assert not spool.exists()
    assert numbers(disk.url) == list(range(-1, number + 1))
    assert check(disk.url) == []


def wait(until):
    """Wait for a condition that will come."""
    from time import monotonic, sleep

    deadline = monotonic() + 60
    while not until():
        assert monotonic() < deadline
        sleep(0.001)


def test_a_search_whose_spool_is_on_the_full_disk_too_stops_and_can_go_on(small_disk, tmp_path):
    url = fill(f"sqlite:///{small_disk / 'searcher.db'}", BEGUN[:5])
    spool = small_disk / "spool.jsonl"

    def drive():
        writer = Writer(url)
        writer.lead("s", spool=spool)
        fill_up(small_disk)
        acknowledged = write_until_full(writer)
        with pytest.raises(StoreAwayError) as said:
            writer.close()
        (tmp_path / "said").write_text(f"{acknowledged} {said.value}")

    crash(drive)  # in a process of its own, which lets go of the search when it ends

    acknowledged, said = (tmp_path / "said").read_text().split(" ", 1)
    assert "spool.jsonl" in said
    assert "No space left on device" in said
    (small_disk / "filler").unlink()
    with Writer(url) as again:
        again.lead("s", spool=spool)
        again.add(note(100_000))
    assert numbers(url)[: int(acknowledged)] == list(range(int(acknowledged)))
    assert numbers(url)[-1] == 100_000
    assert check(url) == []


def test_where_no_small_disk_is_allowed_a_bound_on_the_pages_shows_the_same(sqlite_url):
    fill(sqlite_url, BEGUN)

    with sqlite3.connect(sqlite_url.removeprefix("sqlite:///")) as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.close()

    def bound(connection, _):
        connection.execute(f"PRAGMA max_page_count = {pages + 20}")

    writer = Writer(sqlite_url)
    event.listen(Engine, "connect", bound)
    try:
        acknowledged = write_until_full(writer)
        with pytest.raises(StoreError, match=r"the disk is full \(database or disk is full\)"):
            writer.close()
    finally:
        event.remove(Engine, "connect", bound)

    assert numbers(sqlite_url) == list(range(acknowledged))
    assert check(sqlite_url) == []
    with Writer(sqlite_url) as again:
        again.add(note(acknowledged))
    assert len(numbers(sqlite_url)) == acknowledged + 1


def test_a_store_can_not_be_made_on_a_full_disk_and_that_is_said(small_disk):
    filler = fill_up(small_disk)
    url = f"sqlite:///{small_disk / 'searcher.db'}"

    with pytest.raises(StoreError, match="disk"):
        Writer(url)

    filler.unlink()
    fill(url, BEGUN[:5])
    assert check(url) == []


def test_a_full_log_is_the_same_as_a_full_file(small_disk):
    url = fill(f"sqlite:///{small_disk / 'searcher.db'}", BEGUN[:5])
    with Store(url) as reader, reader._engine.connect() as connection, connection.begin():
        connection.exec_driver_sql("SELECT count(*) FROM events").all()  # the log can't be emptied
        writer = Writer(url)
        acknowledged = write_until_full(writer)
        assert (small_disk / "searcher.db-wal").stat().st_size > 100_000
        with pytest.raises(StoreError, match="disk is full"):
            writer.close()

    assert numbers(url) == list(range(acknowledged))
    assert check(url) == []


def test_a_store_on_a_full_disk_can_still_be_read(small_disk):
    url = fill(f"sqlite:///{small_disk / 'searcher.db'}", BEGUN[:5])
    fill_up(small_disk)

    assert Store(url).search("s").state == "running"
    assert check(url) == []


def test_a_report_that_does_not_fit_leaves_the_old_one(small_disk, filled_url):
    path = small_disk / "report.html"
    path.write_text("old")

    with (
        Store(filled_url) as store,
        pytest.raises(OSError, match=r"report\.html") as said,
    ):
        write_report(store, "20260131-120000-a1b2c3", path)

    assert said.value.errno == errno.ENOSPC
    assert path.read_text() == "old"
    assert [found.name for found in small_disk.iterdir()] == ["report.html"]


def test_a_model_that_does_not_fit_leaves_the_old_one(small_disk):
    data = make_data()
    path = small_disk / "model.onnx"
    path.write_text("old")
    filler = fill_up(small_disk)

    with pytest.raises(OSError, match=r"model\.onnx") as said:
        export_model(fit(data, "random_forest"), path, probes=probes_of(data), metadata={})

    assert said.value.errno == errno.ENOSPC
    assert path.read_text() == "old"
    assert sorted(found.name for found in small_disk.iterdir()) == [filler.name, "model.onnx"]
