import os
import sqlite3
import stat
import threading
from pathlib import Path

import pytest

from searcher.errors import LeaseHeldError, NotFoundError, StoreError
from searcher.records import Note
from searcher.store import Store, Writer, check
from searcher.store.revisions import HEAD, downgrade
from searcher.store.transfer import backup, file_backup, programs, restore
from tests.searcher.store.records_factory import fill, make_records
from tests.searcher.store.transfer.conftest import SEARCH


@pytest.fixture(autouse=True)
def _programs(request):
    """Tests on both databases need pg_dump on one of them."""
    both = "database" in request.fixturenames
    if both and request.getfixturevalue("database") == "postgresql":
        request.getfixturevalue("server_programs")


def story(url):
    """Everything that a store says of its searches."""
    with Store(url) as store:
        return [
            (store.search(s.search_id), store.fold_scores(s.search_id), store.events(s.search_id))
            for s in store.searches()
        ]


def test_a_restored_store_is_sound_and_says_the_same(filled, other_url, tmp_path):
    backup(filled, tmp_path / "backup")

    made = restore(other_url, tmp_path / "backup")

    assert check(other_url) == []
    assert story(other_url) == story(filled)
    assert (made.searches, made.revision, made.running) == (2, HEAD, ("busy-77",))


def test_an_empty_store_may_be_replaced_and_one_with_searches_not(filled, other_url, tmp_path):
    backup(filled, tmp_path / "backup")
    with Writer(other_url):
        pass

    restore(other_url, tmp_path / "backup")
    with pytest.raises(StoreError, match="has 2 searches already"):
        restore(other_url, tmp_path / "backup")

    assert story(other_url) == story(filled)


def test_nobody_drives_a_restored_search_whoever_did_when_it_was_backed_up(
    url, other_url, tmp_path
):
    with Writer(url) as driver:
        for record in make_records("busy-77", state="running"):
            driver.add(record)
        driver.flush()
        driver.lead("busy-77")
        backup(url, tmp_path / "backup")
        restore(other_url, tmp_path / "backup")

        with Writer(other_url) as other:
            other.lead("busy-77")
        with Writer(url) as rival, pytest.raises(LeaseHeldError):
            rival.lead("busy-77")


def test_a_backup_is_of_one_moment_while_a_search_writes(url, other_url, tmp_path, monkeypatch):
    monkeypatch.setattr(file_backup, "PAGES", 8)
    with Writer(url) as writer:
        for record in make_records("busy-77", state="running"):
            writer.add(record)
        writer.flush()
        told = threading.Event()

        def keep_writing():
            for i in range(10_000):
                writer.add(Note("busy-77", "tick", {"i": i}))
                if i % 100 == 0:
                    writer.flush()
                    told.set()
                if ended.is_set():
                    return

        ended = threading.Event()
        writing = threading.Thread(target=keep_writing)
        writing.start()
        told.wait()
        backup(url, tmp_path / "backup")
        ended.set()
        writing.join()
        writer.flush()

    restore(other_url, tmp_path / "backup")

    assert check(other_url) == []
    with Store(url) as old, Store(other_url) as new:
        ticks = [e.payload["i"] for e in new.events("busy-77") if e.kind == "tick"]
        assert ticks == list(range(len(ticks)))
        assert 0 < len(ticks) <= sum(e.kind == "tick" for e in old.events("busy-77"))
        assert new.search("busy-77").trials == old.search("busy-77").trials


def test_a_search_commits_between_two_pages_of_a_backup(sqlite_url, tmp_path, monkeypatch):
    monkeypatch.setattr(file_backup, "PAGES", 1)
    steps = []
    with Writer(sqlite_url, busy_timeout_s=0.5) as writer:
        for record in make_records("busy-77", state="running"):
            writer.add(record)
        writer.flush()

        def commit(what, done, total):
            steps.append((done, total))
            writer.add(Note("busy-77", "tick", {"i": len(steps)}))
            writer.flush()

        backup(sqlite_url, tmp_path / "backup", progress=commit)

    assert len(steps) == steps[0][1] > 10  # never begun again
    with Store(f"sqlite:///{tmp_path / 'backup'}") as copy:
        assert not any(event.kind == "tick" for event in copy.events("busy-77"))


def test_a_backup_of_a_file_is_one_file_that_can_be_used_as_it_is(sqlite_url, tmp_path):
    fill(sqlite_url, make_records(SEARCH))
    folder = tmp_path / "backups"
    folder.mkdir()

    backup(sqlite_url, folder / "searcher.db")

    assert [path.name for path in folder.iterdir()] == ["searcher.db"]
    assert check(f"sqlite:///{folder / 'searcher.db'}") == []


def test_a_backup_that_fails_leaves_nothing(sqlite_url, tmp_path):
    fill(sqlite_url, make_records(SEARCH))
    folder = tmp_path / "backups"
    folder.mkdir()

    def fail(what, done, total):
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        backup(sqlite_url, folder / "backup", progress=fail)

    assert list(folder.iterdir()) == []


def test_a_restore_that_fails_leaves_the_store_as_it_was(sqlite_url, tmp_path):
    fill(sqlite_url, make_records(SEARCH))
    backup(sqlite_url, tmp_path / "backup")
    empty = f"sqlite:///{tmp_path / 'empty.db'}"
    with Writer(empty):
        pass

    def fail(what, done, total):
        raise KeyboardInterrupt

    for target in (empty, f"sqlite:///{tmp_path / 'none.db'}"):
        with pytest.raises(KeyboardInterrupt):
            restore(target, tmp_path / "backup", progress=fail)

    assert check(empty) == []
    assert not (tmp_path / "none.db").exists()
    assert not list(tmp_path.glob(".*"))


def test_a_file_is_replaced_only_if_asked(url, tmp_path):
    fill(url, make_records(SEARCH))
    (tmp_path / "backup").write_text("mine")

    with pytest.raises(StoreError, match="exists already"):
        backup(url, tmp_path / "backup")
    assert (tmp_path / "backup").read_text() == "mine"
    backup(url, tmp_path / "backup", overwrite=True)

    assert (tmp_path / "backup").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no backup"),
        (b"PK\x03\x04", "store import"),
        (b"SQLite format 3\x00" + b"\x00" * 4_000, "."),
    ],
)
def test_what_is_no_backup_is_refused(sqlite_url, tmp_path, content, message):
    (tmp_path / "backup").write_bytes(content)

    with pytest.raises(StoreError, match=message):
        restore(sqlite_url, tmp_path / "backup")

    assert not Path(sqlite_url.removeprefix("sqlite:///")).exists()


def test_a_damaged_backup_is_refused(sqlite_url, tmp_path):
    fill(sqlite_url, make_records(SEARCH))
    backup(sqlite_url, tmp_path / "backup")
    with (tmp_path / "backup").open("r+b") as file:
        file.seek(3 * 4096)
        file.write(os.urandom(3 * 4096))

    with pytest.raises(StoreError):
        restore(f"sqlite:///{tmp_path / 'new.db'}", tmp_path / "backup")

    assert not (tmp_path / "new.db").exists()


def test_another_programs_database_is_neither_copied_nor_overwritten(sqlite_url, tmp_path):
    other = tmp_path / "other.db"
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE mine (a)")
    connection.close()
    fill(sqlite_url, make_records(SEARCH))
    backup(sqlite_url, tmp_path / "backup")

    with pytest.raises(StoreError, match="no store"):
        backup(f"sqlite:///{other}", tmp_path / "copy")
    with pytest.raises(StoreError, match="no store of searcher"):
        restore(f"sqlite:///{other}", tmp_path / "backup")
    with pytest.raises(StoreError, match="no store"):
        restore(f"sqlite:///{tmp_path / 'new.db'}", other)


def test_a_backup_of_an_older_schema_comes_back_as_it_was(sqlite_url, tmp_path):
    with Writer(sqlite_url):
        pass
    downgrade(sqlite_url, "0002")
    backup(sqlite_url, tmp_path / "backup")

    assert restore(f"sqlite:///{tmp_path / 'new.db'}", tmp_path / "backup").revision == "0002"


def test_what_is_not_there_is_not_found(sqlite_url, tmp_path):
    with pytest.raises(NotFoundError):
        backup(sqlite_url, tmp_path / "backup")
    with pytest.raises(NotFoundError):
        restore(sqlite_url, tmp_path / "backup")


def test_a_backup_of_the_other_database_names_the_way_that_works(sqlite_url, tmp_path):
    (tmp_path / "dump").write_bytes(b"PGDMP and so on")

    with pytest.raises(StoreError, match="`searcher store export` and `import`"):
        restore(sqlite_url, tmp_path / "dump")


SPY = """#!/bin/sh
if [ "$1" = --version ]; then echo "pg_dump (PostgreSQL) 99.1"; exit; fi
{ echo "arguments: $*"; env; echo "file:"; cat "$PGPASSFILE"; ls -l "$PGPASSFILE"; } > SPIED
echo "pg_dump: error: connection failed" >&2
exit 1
"""


@pytest.fixture
def guarded(postgres):
    """A store that takes a password, and the password."""
    password = "it's:a\\canary"  # noqa: S105
    url = fill(postgres.create_database(), make_records(SEARCH))
    quoted = password.replace("'", "''")
    postgres.execute(f"CREATE ROLE keeper LOGIN SUPERUSER PASSWORD '{quoted}'")
    database = url.split("?", maxsplit=1)[0].rsplit("/", 1)[-1]
    yield postgres.url(database, user="keeper", password=password), password
    postgres.drop_database(url)
    postgres.execute("DROP ROLE keeper")


def test_a_password_is_in_no_argument_and_no_environment(guarded, tmp_path, monkeypatch):
    url, password = guarded
    spied = tmp_path / "spied"
    (tmp_path / "pg_dump").write_text(SPY.replace("SPIED", str(spied)))
    (tmp_path / "pg_dump").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    with pytest.raises(StoreError, match=r"can't be dumped: .*connection failed") as failed:
        backup(url, tmp_path / "backup")

    seen, file = spied.read_text().split("file:\n")
    assert password not in seen
    assert "canary" not in seen + str(failed.value)
    assert file.startswith("*:*:*:*:it's\\:a\\\\canary\n-rw-------")
    assert not (tmp_path / "backup").exists()


def test_a_password_gets_to_the_server(guarded, server_programs, tmp_path):
    backup(guarded[0], tmp_path / "backup")

    assert stat.S_IMODE((tmp_path / "backup").stat().st_mode) == 0o600


def test_a_missing_program_is_said_plainly(postgres, tmp_path, monkeypatch):
    url = fill(postgres.create_database(), make_records(SEARCH))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(programs, "SOUGHT", ())

    with pytest.raises(StoreError, match=r"pg_dump of that version is needed \(not here\)"):
        backup(url, tmp_path / "backup")
    postgres.drop_database(url)


def test_other_tables_of_the_database_are_not_in_a_backup(postgres, server_programs, tmp_path):
    url, target = postgres.create_database(), postgres.create_database()
    fill(url, make_records(SEARCH))
    database = target.split("?", maxsplit=1)[0].rsplit("/", 1)[-1]
    postgres.execute("CREATE TABLE mine (a integer)", database)
    backup(url, tmp_path / "backup")

    with pytest.raises(StoreError, match="no store of searcher"):
        restore(target, tmp_path / "backup")

    for made in (url, target):
        postgres.drop_database(made)
