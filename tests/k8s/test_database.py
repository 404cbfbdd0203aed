"""The scripts that set up, back up and restore the database, run on a real PostgreSQL."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from searcher.store import Store
from searcher.store.revisions import upgrade
from tests.k8s.rendering import ROOT
from tests.postgres import PostgresServer
from tests.searcher.store.records_factory import fill, make_records

COMPONENTS = ROOT / "k8s" / "components"
PASSWORDS = {"owner": "o'w ner", "app": 'a"pp\\'}
"""As hostile to quoting as passwords are."""


class Database:
    """A database on which ``roles.sql`` has been run, as the image of PostgreSQL does it."""

    def __init__(self, server: PostgresServer, name: str, folder: Path) -> None:
        self.server, self.name, self.folder = server, name, folder

    def url(self, role: str) -> str:
        """A store's URL of one of the roles."""
        return self.server.url(self.name, user=f"searcher_{role}", password=PASSWORDS[role])

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a program beside the server, as a container would."""
        place = {"PGHOST": str(self.server.folder), "PGDATABASE": self.name}
        place["PATH"] = f"{self.server._programs}{os.pathsep}{os.environ['PATH']}"
        return subprocess.run(
            command, env=place | environment, capture_output=True, text=True, check=False
        )

    def script(self, name: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a script of the backup, as the owner."""
        account = {"PGUSER": "searcher_owner", "PGPASSWORD": PASSWORDS["owner"], "KEEP_DAYS": "14"}
        path = str(COMPONENTS / "backup" / name)
        return self.run("sh", path, BACKUPS=str(self.folder), **(account | environment))


@pytest.fixture
def database(postgres: PostgresServer, tmp_path: Path) -> Iterator[Database]:
    for role, password in PASSWORDS.items():
        (tmp_path / "secrets" / role).mkdir(parents=True)
        (tmp_path / "secrets" / role / "password").write_text(password)
    backups = tmp_path / "backups"
    backups.mkdir()
    url = postgres.create_database()
    made = Database(postgres, url.split("?")[0].rsplit("/", 1)[-1], backups)
    roles = str(COMPONENTS / "postgres" / "roles.sql")
    secrets = str(tmp_path / "secrets")
    done = made.run("psql", "--no-psqlrc", "-U", "postgres", "-f", roles, SECRETS=secrets)
    assert done.returncode == 0, done.stderr
    upgrade(made.url("owner"))

    yield made

    postgres.drop_database(url)
    for role in PASSWORDS:
        postgres.execute(f"DROP ROLE searcher_{role}")


def _trials(url: str) -> list[object]:
    with Store(url) as store:
        return list(store.query("SELECT * FROM v_trials ORDER BY trial_id").rows)


def test_the_role_of_drivers_writes_searches_and_makes_no_tables(database: Database) -> None:
    fill(database.url("app"), make_records())

    assert _trials(database.url("app"))
    with (
        psycopg.connect(database.url("app").replace("+psycopg", "")) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("CREATE TABLE mine (a int)")


@pytest.mark.parametrize("statement", ["DROP TABLE searches", "ALTER TABLE searches ADD a int"])
def test_the_role_of_drivers_changes_no_schema(database: Database, statement: str) -> None:
    with (
        psycopg.connect(database.url("app").replace("+psycopg", "")) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement)


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
