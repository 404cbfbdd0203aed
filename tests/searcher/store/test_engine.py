import os
import sqlite3
import sys
from urllib.parse import quote

import pytest

from searcher.errors import NotFoundError, StoreError
from searcher.store import Store, Writer, check, upgrade
from searcher.store.engine import masked
from tests.searcher.store.raw import ask
from tests.searcher.store.records_factory import fill, make_records

CANARY = "canary-7f3a"
OPENERS = [Writer, Store, upgrade, check]


@pytest.mark.parametrize("opener", OPENERS)
@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("searcher.db", "is not a store's URL; a file is written sqlite:///searcher.db"),
        ("", "is not a store's URL"),
        ("mysql://host/db", "no store on 'mysql'.*known: sqlite, postgresql"),
        ("postgres://host/db", "no store on 'postgres'.*Did you mean 'postgresql'"),
        ("postgresql+asyncpg://host/db", "the driver must be postgresql.psycopg"),
        ("sqlite+aiosqlite:///x.db", "the driver must be sqlite.pysqlite"),
        ("sqlite://", "must outlive its process"),
        ("sqlite:///:memory:", "must outlive its process"),
        ("sqlite:///x.db?mode=rw", "a plain path is expected"),
        ("sqlite:///file:x.db", "a plain path is expected"),
        ("sqlite://host/x.db", "a plain path is expected"),
        ("postgresql://host:port/db", "is not a store's URL"),
    ],
)
def test_a_url_that_is_none_is_refused_in_plain_words(opener, url, said):
    with pytest.raises(StoreError, match=said):
        opener(url)


@pytest.mark.parametrize("opener", OPENERS)
@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://me:{CANARY}@host:port/db",
        f"mysql://me:{CANARY}@host/db",
        f"postgresql+asyncpg://me:{CANARY}@host/db",
        f"postgres//me:{CANARY}@host/db",
        f"me:{CANARY}@host/db",
        f"postgresql+asyncpg://host/db?password={CANARY}",
    ],
)
def test_a_message_never_has_the_password(opener, url):
    with pytest.raises(StoreError) as refused:
        opener(url)

    assert CANARY not in str(refused.value)


def test_the_rest_of_a_url_stays_when_its_password_goes():
    assert masked("postgresql://me:secret@host:5432/db") == "postgresql://me:***@host:5432/db"
    assert masked("postgresql://host/db?password=a&b=c") == "postgresql://host/db?password=***&b=c"
    assert masked("sqlite:////a/b@c:d.db") == "sqlite:////a/b@c:d.db"


@pytest.mark.parametrize("opener", OPENERS)
def test_postgresql_without_its_driver_says_what_to_install(opener, monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)  # as if it were not installed

    with pytest.raises(StoreError, match=r"pip install 'searcher\[postgres\]'") as refused:
        opener(f"postgresql://me:{CANARY}@host/db")

    assert CANARY not in str(refused.value)


def test_writing_into_a_folder_that_is_not_there_names_it(tmp_path):
    with pytest.raises(StoreError, match=r"there is no folder .*nowhere"):
        Writer(f"sqlite:///{tmp_path}/nowhere/searcher.db")


@pytest.mark.parametrize("opener", [Store, check])
def test_reading_a_missing_file_names_it_and_creates_nothing(tmp_path, opener):
    path = tmp_path / "missing.db"

    with pytest.raises(NotFoundError, match=r"no store at .*missing\.db.*--store"):
        opener(f"sqlite:///{path}")

    assert not path.exists()


@pytest.mark.parametrize("opener", [Writer, Store, upgrade])
def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path, opener):
    path = tmp_path / "notes.txt"
    path.write_text("these are my notes, not a database\n" * 50)

    with pytest.raises(StoreError, match="some other kind of file"):
        opener(f"sqlite:///{path}")

    assert path.read_text().startswith("these are my notes")


def test_a_folder_is_no_store(tmp_path):
    with pytest.raises(StoreError, match="can't be opened"):
        Writer(f"sqlite:///{tmp_path}")
    with pytest.raises(NotFoundError, match="no store at"):
        Store(f"sqlite:///{tmp_path}")


@pytest.mark.parametrize("opener", [Writer, Store, upgrade])
def test_another_programs_database_is_refused_and_left_alone(tmp_path, opener):
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE alembic_version (version_num TEXT)")
        other.execute("INSERT INTO alembic_version VALUES ('abc')")
        other.execute("CREATE TABLE runs (id INTEGER)")

    with pytest.raises(StoreError, match=r"no store of searcher \(it has runs\)"):
        opener(f"sqlite:///{path}")

    with sqlite3.connect(path) as other:
        assert other.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        tables = other.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        assert tables == [("alembic_version",), ("runs",)]


@pytest.mark.parametrize("name", ["with space.db", "per%cent.db", "quest?ion.db", "ha#sh.db"])
def test_a_path_may_have_any_characters(tmp_path, name):
    folder = tmp_path / "100 % folder"
    folder.mkdir()
    url = f"sqlite:///{quote(str(folder / name))}"

    fill(url, make_records("s"))

    assert Store(url).search("s").name == "churn"
    assert (folder / name).exists()


def test_the_file_is_in_write_ahead_mode(sqlite_url):
    Writer(sqlite_url).close()

    assert ask(sqlite_url, "PRAGMA journal_mode") == [("wal",)]


AS_NOBODY = 65534


def in_a_child_without_rights(question):
    """Answer in a child process that is not root, because root may write everywhere."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if os.getuid() == 0:
                os.setgid(AS_NOBODY)
                os.setuid(AS_NOBODY)
            answer = question()
        except StoreError as error:
            answer = str(error)
        os.write(writer, str(answer).encode())
        os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with os.fdopen(reader) as answer:
        return answer.read()


@pytest.fixture
def folder_of_another(tmp_path_factory):
    """A folder that may be read and not written, with a store."""
    folder = tmp_path_factory.mktemp("readable")
    fill(f"sqlite:///{folder / 'searcher.db'}", make_records("s"))
    changed = []
    for path in (folder, *folder.parents):
        if path.stat().st_uid == os.getuid() and not path.stat().st_mode & 0o005:
            changed.append((path, path.stat().st_mode))
            path.chmod(path.stat().st_mode | 0o055)
    folder.chmod(0o555)
    yield folder
    folder.chmod(0o755)
    for path, mode in changed:
        path.chmod(mode)


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="forking with threads warns")
def test_a_store_in_a_folder_that_can_not_be_written_can_be_read(folder_of_another):
    url = f"sqlite:///{folder_of_another / 'searcher.db'}"

    assert in_a_child_without_rights(lambda: Store(url).search("s").state) == "completed"


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="forking with threads warns")
def test_a_folder_that_can_not_be_written_takes_no_store(folder_of_another):
    new, old = folder_of_another / "new.db", folder_of_another / "searcher.db"

    assert "can't be opened" in in_a_child_without_rights(lambda: Writer(f"sqlite:///{new}"))
    assert "may only be read" in in_a_child_without_rights(lambda: Writer(f"sqlite:///{old}"))
