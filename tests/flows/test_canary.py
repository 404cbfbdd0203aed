"""A planted password is nowhere but where the user put it and in the driver's memory.

What the kernel shows of the driver's own first environment, to its user, can't be changed.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
import yaml
from sqlalchemy import MetaData, create_engine, select

from searcher.errors import StoreError
from searcher.store import Store, upgrade
from tests.postgres import PostgresServer, need_postgres

pytestmark = [pytest.mark.ray, pytest.mark.slow]

CANARY = "canary-5e81-b7d0"
WRONG = f"{CANARY}-wrong"
MAIN = "from searcher.cli import main; main()"
SPEC = {
    "name": "canary",
    "data": {"path": "sklearn:iris"},
    "families": ["logistic_regression"],
    "strategy": {"kind": "random"},
    "validation": {"outer": 2, "inner": 2},
    "budget": {"trials": 3},
    "seed": 1,
}


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A server that tests may kill, with a user whose password is the canary."""
    need_postgres()
    with PostgresServer() as server:
        server.execute(f"CREATE ROLE driver LOGIN PASSWORD '{CANARY}'")
        yield server


@pytest.fixture
def database(server: PostgresServer) -> Iterator[str]:
    """The name of a database that the user owns."""
    server.execute("CREATE DATABASE canary OWNER driver TEMPLATE template0")
    yield "canary"
    server.execute("DROP DATABASE canary WITH (FORCE)")


@pytest.fixture
def ray_folder() -> Iterator[Path]:
    """A folder with a short name, because Ray's sockets are in it."""
    folder = Path(tempfile.mkdtemp(prefix="ray-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@dataclass
class Ran:
    """A command that has ended, and where the password was seen while it ran."""

    code: int
    out: str
    err: str
    seen: set[str] = field(default_factory=set)  # names of processes that could be looked at
    leaks: set[str] = field(default_factory=set)


class Command:
    """A ``searcher`` command in a process of its own, watched from outside."""

    def __init__(self, folder: Path, ray_folder: Path, *arguments: str, **secrets: str) -> None:
        environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("PG", "SEARCHER_"))},
            **{"HOME": str(folder), "RAY_TMPDIR": str(ray_folder)},
            **{"SEARCHER_DATABASE_PATIENCE_S": "2"},
            **secrets,
        }
        self._seen: set[str] = set()
        self._leaks: set[str] = set()
        self.process = subprocess.Popen(
            [sys.executable, "-c", MAIN, "--debug", *arguments],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._over = threading.Event()
        self._watching = threading.Thread(target=self._watch)
        self._watching.start()

    def end(self) -> Ran:
        """Wait until it has ended."""
        try:
            out, err = self.process.communicate(timeout=600)
        finally:
            self._over.set()
            self._watching.join()
            self.process.kill()
        return Ran(self.process.returncode, out, err, self._seen, self._leaks)

    def _watch(self) -> None:
        while not self._over.wait(0.3):
            with suppress(psutil.Error):
                below = psutil.Process(self.process.pid).children(recursive=True)
                for process in below:
                    self._look(process, Path(f"/proc/{process.pid}/environ"))
            for process in psutil.process_iter():
                self._look(process, Path(f"/proc/{process.pid}/cmdline"))

    def _look(self, process: psutil.Process, path: Path) -> None:
        with suppress(OSError, psutil.Error):
            found = path.read_bytes()
            if path.name == "environ":
                self._seen.add(process.name())
            if CANARY.encode() in found:
                self._leaks.add(f"{path.name} of {process.name()} ({process.pid})")


def files_with_the_canary(*folders: Path) -> list[Path]:
    found = []
    for folder in folders:
        for path in folder.rglob("*"):
            with suppress(OSError):
                if path.is_file() and CANARY.encode() in path.read_bytes():
                    found.append(path)
    return found


def rows_with_the_canary(url: str) -> list[str]:
    engine, tables = create_engine(url), MetaData()
    with engine.connect() as connection:
        tables.reflect(connection)
        found = [
            name
            for name, table in tables.tables.items()
            if CANARY in repr(connection.execute(select(table)).all())
        ]
    engine.dispose()
    assert "searches" in tables.tables
    return found


def write_spec(folder: Path, **changes: object) -> str:
    (folder / "canary.yaml").write_text(yaml.safe_dump(SPEC | changes))
    return "canary.yaml"


def run(folder: Path, **changes: object) -> list[str]:
    return ["run", write_spec(folder, **changes), "--skip-exports", "--cpus", "1", "-o", "out"]


def assert_unseen(ran: Ran, *folders: Path) -> None:
    assert CANARY not in ran.out
    assert CANARY not in ran.err
    assert ran.leaks == set()
    assert files_with_the_canary(*folders) == []


def secrets(server: PostgresServer, database: str, way: str, password: str) -> dict[str, str]:
    """Plant a password in one of the two ways of the environment."""
    if way == "SEARCHER_STORE":
        return {"SEARCHER_STORE": server.url(database, user="driver", password=password)}
    return {"SEARCHER_STORE": server.url(database, user="driver"), "PGPASSWORD": password}


@pytest.mark.parametrize("way", ["SEARCHER_STORE", "PGPASSWORD"])
def test_a_search_shows_the_password_to_nobody(
    tmp_path: Path, ray_folder: Path, server: PostgresServer, database: str, way: str
) -> None:
    ran = Command(
        tmp_path, ray_folder, *run(tmp_path), **secrets(server, database, way, CANARY)
    ).end()

    assert ran.code == 0, ran.err
    assert {"raylet", "gcs_server"} <= ran.seen
    assert any(name.startswith("ray::") for name in ran.seen), ran.seen
    assert_unseen(ran, tmp_path, ray_folder)
    assert {"model.onnx", "report.html"} <= {path.name for path in (tmp_path / "out").iterdir()}
    assert any(ray_folder.rglob("raylet.out"))
    assert rows_with_the_canary(server.url(database)) == []


def test_a_search_whose_server_dies_shows_the_password_to_nobody(
    tmp_path: Path, ray_folder: Path, server: PostgresServer, database: str
) -> None:
    upgrade(server.url(database, user="driver", password=CANARY))
    long = run(tmp_path, families=["decision_tree"], budget={"trials": 10_000})
    planted = secrets(server, database, "SEARCHER_STORE", CANARY)
    command = Command(tmp_path, ray_folder, *long, **planted)
    try:
        wait_for_a_trial(server.url(database), command.process)
        server.kill()
        ran = command.end()
    finally:
        server.restart()
        command.process.send_signal(signal.SIGTERM)

    assert ran.code != 0
    assert "searcher" in ran.err
    assert_unseen(ran, tmp_path, ray_folder)


def wait_for_a_trial(url: str, process: "subprocess.Popen[str]") -> None:
    while process.poll() is None:
        with suppress(StoreError), Store(url) as store:
            if any(search.trials["completed"] for search in store.searches()):
                return


@dataclass(frozen=True)
class Failing:
    """A command that can't work, and what it says."""

    arguments: str
    said: str
    code: int = 1
    way: str = "SEARCHER_STORE"
    database: str = "postgres"
    password: str = CANARY


@pytest.mark.parametrize(
    "case",
    [
        Failing("list", "there is no database 'nowhere'", database="nowhere"),
        Failing("show latest", "there is no database 'a@b'", database="a@b", way="PGPASSWORD"),
        Failing("list", "user or password is wrong", password=WRONG),
        Failing("store check", "user or password is wrong", password=WRONG, way="PGPASSWORD"),
        Failing("sql SELECT", "no schema yet", way="PGPASSWORD"),
        Failing("run nothing.yaml", "nothing.yaml", code=2),
    ],
    ids=lambda case: f"{case.arguments}: {case.said}",
)
def test_a_command_that_fails_shows_the_password_to_nobody(
    tmp_path: Path, ray_folder: Path, server: PostgresServer, case: Failing
) -> None:
    planted = secrets(server, case.database, case.way, case.password)

    ran = Command(tmp_path, ray_folder, *case.arguments.split(), **planted).end()

    assert (ran.code, case.said in ran.err + ran.out) == (case.code, True), ran.err
    assert_unseen(ran, tmp_path, ray_folder)


def test_a_spec_that_is_wrong_shows_the_password_to_nobody(
    tmp_path: Path, ray_folder: Path, server: PostgresServer, database: str
) -> None:
    wrong = run(tmp_path, families=["no_such_family"])

    ran = Command(
        tmp_path, ray_folder, *wrong, **secrets(server, database, "SEARCHER_STORE", CANARY)
    ).end()

    assert ran.code == 2, ran.err
    assert_unseen(ran, tmp_path, ray_folder)


@pytest.mark.parametrize("arguments", [["list"], ["run", "x.yaml"], ["store", "info"]])
def test_a_typed_password_is_refused_and_not_repeated(
    tmp_path: Path, ray_folder: Path, server: PostgresServer, arguments: list[str]
) -> None:
    (tmp_path / "x.yaml").write_text(yaml.safe_dump(SPEC))
    typed = ["--store", server.url(user="driver", password=CANARY)]

    ran = Command(tmp_path, ray_folder, *arguments, *typed).end()

    assert ran.code == 2
    assert "everyone on this machine can read a command line" in ran.err
    assert CANARY not in ran.out + ran.err
    assert files_with_the_canary(tmp_path, ray_folder) == []
