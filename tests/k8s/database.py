"""A database as a deployment sets it up, on a real PostgreSQL."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from searcher.store.revisions import upgrade
from tests.k8s.rendering import ROOT
from tests.postgres import PostgresServer

COMPONENTS = ROOT / "k8s" / "components"
PASSWORDS = {"owner": "o'w ner", "app": 'a"pp\\', "viewer": "0f" * 16}
"""As hostile to quoting as passwords are."""


class Database:
    """A database with the roles of a deployment."""

    def __init__(self, server: PostgresServer, name: str, folder: Path) -> None:
        self.server, self.name, self.folder = server, name, folder

    def url(self, role: str) -> str:
        """A store's URL of one of the roles."""
        return self.server.url(self.name, user=f"searcher_{role}", password=PASSWORDS[role])

    def run(
        self, *command: str, text: str | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a program beside the server, as a container would."""
        place = {"PGHOST": str(self.server.folder), "PGDATABASE": self.name}
        place["PATH"] = f"{self.server._programs}{os.pathsep}{os.environ['PATH']}"
        own = place | environment
        return subprocess.run(
            command, env=own, input=text, capture_output=True, text=True, check=False
        )

    def psql(self, *arguments: str, user: str = "postgres", text: str | None = None) -> None:
        """Run psql, fed with a text; raises if that fails."""
        command = ["psql", "--no-psqlrc", "-U", user, *arguments]
        done = self.run(*command, text=text)
        assert done.returncode == 0, done.stderr

    def script(self, name: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a script of the backup, as the owner."""
        account = {"PGUSER": "searcher_owner", "PGPASSWORD": PASSWORDS["owner"], "KEEP_DAYS": "14"}
        path = str(COMPONENTS / "backup" / name)
        return self.run("sh", path, BACKUPS=str(self.folder), **(account | environment))


@contextmanager
def database_of(postgres: PostgresServer, folder: Path, component: str) -> Iterator[Database]:
    """Set a database up as a component does, with the schema of this release.

    Parameters
    ----------
    component
        ``postgres``: what the image runs; ``cloudnative-pg``: what its operator does.
    """
    backups = folder / "backups"
    backups.mkdir()
    url = postgres.create_database()
    made = Database(postgres, url.split("?")[0].rsplit("/", 1)[-1], backups)
    try:
        {"postgres": _by_the_image, "cloudnative-pg": _by_the_operator}[component](made, folder)
        upgrade(made.url("owner"))
        yield made
    finally:
        postgres.drop_database(url)
        for role in PASSWORDS:
            postgres.execute(f"DROP ROLE IF EXISTS searcher_{role}")


def _by_the_image(made: Database, folder: Path) -> None:
    for role in ("owner", "app"):
        (folder / "secrets" / role).mkdir(parents=True)
        (folder / "secrets" / role / "password").write_text(PASSWORDS[role])
    roles = str(COMPONENTS / "postgres" / "roles.sql")
    done = made.run(
        *("psql", "--no-psqlrc", "-U", "postgres", "-f", roles), SECRETS=str(folder / "secrets")
    )
    assert done.returncode == 0, done.stderr


def _by_the_operator(made: Database, folder: Path) -> None:
    """What happens before and after grants.sql: the owner and its database, then the passwords."""
    owner, app = (PASSWORDS[role].replace("'", "''") for role in ("owner", "app"))
    grants = (COMPONENTS / "cloudnative-pg" / "grants.sql").read_text()
    made.server.execute(f"CREATE ROLE searcher_owner LOGIN PASSWORD '{owner}'")
    made.server.execute(f'ALTER DATABASE "{made.name}" OWNER TO searcher_owner')
    assert grants.count("DATABASE searcher ") == 2  # the name that it has there
    made.server.execute(grants.replace("DATABASE searcher ", f'DATABASE "{made.name}" '), made.name)
    made.server.execute(f"ALTER ROLE searcher_app LOGIN PASSWORD '{app}'")


def add_viewer(made: Database) -> None:
    """Run the script of Grafana's role as its README line does."""
    script = (COMPONENTS / "grafana" / "viewer.sql").read_text()
    made.psql(text=f"\\set viewer_password '{PASSWORDS['viewer']}'\n{script}")
