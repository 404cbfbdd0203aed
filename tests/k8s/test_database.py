"""The scripts that set up, back up and restore the database, run on a real PostgreSQL."""

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from searcher.store import Store
from tests.k8s.database import PASSWORDS, Database, add_viewer, database_of
from tests.postgres import PostgresServer
from tests.searcher.store.records_factory import fill, make_records


@pytest.fixture
def database(postgres: PostgresServer, tmp_path: Path) -> Iterator[Database]:
    with database_of(postgres, tmp_path, "postgres") as made:
        yield made


@pytest.fixture(params=["postgres", "cloudnative-pg"])
def either(
    request: pytest.FixtureRequest, postgres: PostgresServer, tmp_path: Path
) -> Iterator[Database]:
    with database_of(postgres, tmp_path, request.param) as made:
        yield made


def _trials(url: str) -> list[object]:
    with Store(url) as store:
        return list(store.query("SELECT * FROM v_trials ORDER BY trial_id").rows)


def _is_refused(url: str, statement: str) -> None:
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("SET default_transaction_read_only = off")  # whoever has it may undo it
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement)


CHANGES = ("CREATE TABLE mine (a int)", "DROP TABLE searches", "ALTER TABLE searches ADD a int")


def test_the_role_of_drivers_writes_searches_and_changes_no_schema(either: Database) -> None:
    fill(either.url("app"), make_records())

    assert _trials(either.url("app"))
    for statement in CHANGES:
        _is_refused(either.url("app"), statement)


def test_the_role_of_grafana_reads_everything_and_writes_nothing(database: Database) -> None:
    add_viewer(database)
    fill(database.url("app"), make_records())

    assert _trials(database.url("viewer")) == _trials(database.url("app"))
    for statement in (*CHANGES, "DELETE FROM searches", "UPDATE searches SET name = name"):
        _is_refused(database.url("viewer"), statement)


def test_other_roles_do_not_get_in(database: Database) -> None:
    password = PASSWORDS["app"]
    database.server.execute(f"CREATE ROLE stranger LOGIN PASSWORD '{password}'")
    url = database.server.url(database.name, user="stranger", password=password)

    try:
        with pytest.raises(psycopg.OperationalError, match="permission denied"):
            psycopg.connect(url.replace("+psycopg", ""))
    finally:
        database.server.execute("DROP ROLE stranger")


def test_a_backup_brings_back_what_was_lost(database: Database) -> None:
    fill(database.url("app"), make_records())
    before = _trials(database.url("app"))

    backup = database.script("backup.sh")
    database.server.execute("DROP TABLE fold_scores CASCADE", database.name)
    database.server.execute("DELETE FROM searches", database.name)
    restore = database.script("restore.sh")

    assert (backup.returncode, restore.returncode) == (0, 0), backup.stderr + restore.stderr
    assert _trials(database.url("app")) == before  # the role of drivers has its rights back


def test_old_backups_go_and_half_written_ones_are_not_kept(database: Database) -> None:
    for name in ("searcher-20260101T000000Z.dump", "other.txt"):
        (database.folder / name).touch()
        os.utime(database.folder / name, (0, 0))

    assert database.script("backup.sh").returncode == 0
    assert database.script("backup.sh", PGPASSWORD="wrong").returncode != 0

    kept, *others = sorted(path.name for path in database.folder.iterdir())
    assert kept == "other.txt"
    assert [Path(name).suffix for name in others] == [".dump"]


def test_a_restore_that_has_no_backup_changes_nothing(database: Database) -> None:
    fill(database.url("app"), make_records())
    before = _trials(database.url("app"))

    done = database.script("restore.sh")
    named = database.script("restore.sh", BACKUP="searcher-20260101T000000Z.dump")

    assert (done.returncode, named.returncode) == (1, 1)
    assert "no backup" in done.stderr
    assert _trials(database.url("app")) == before
