"""Passwords move from URLs and the environment into memory, and connections find them there."""

import os
import subprocess
import sys

import pytest

from searcher.errors import SpecError, StoreError
from searcher.store import Store, credentials, upgrade
from searcher.store.credentials import password_of, refuse_password, take_credentials
from searcher.store.engine import parse_url

CANARY = "canary p@ss/w:rd%"
ESCAPED = "canary%20p%40ss%2Fw%3Ard%25"


@pytest.fixture(autouse=True)
def forgotten(monkeypatch):
    """A process that has taken nothing yet, and an environment that comes back."""
    monkeypatch.setattr(credentials, "_taken", credentials._Taken())
    for name in (credentials.PASSWORD, credentials.STORE):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


@pytest.fixture(scope="module")
def role(postgres):
    """The URL of a database and a user who needs the password, without it."""
    postgres.execute(f"CREATE ROLE keeper LOGIN PASSWORD '{CANARY}'")
    postgres.execute("CREATE DATABASE kept OWNER keeper TEMPLATE template0")
    upgrade(postgres.url("kept", user="keeper", password=CANARY))
    yield postgres.url("kept", user="keeper")
    postgres.execute("DROP DATABASE kept WITH (FORCE)")
    postgres.execute("DROP ROLE keeper")


def with_password(url):
    return url.replace("keeper@", f"keeper:{ESCAPED}@")


def opens(url):
    with Store(url) as store:
        return store.searches() == ()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:canary@host/db",
        "postgresql+psycopg://me:canary@/db?host=/tmp",
        "postgresql://me@host/db?password=canary",
    ],
)
def test_a_password_on_the_command_line_is_refused_with_the_way_out(url):
    with pytest.raises(SpecError, match=r"PGPASSWORD or ~/\.pgpass, or .* URL into SEARCHER_STORE"):
        refuse_password(url)
    with pytest.raises(SpecError) as refused:
        refuse_password(url)

    assert "canary" not in str(refused.value)


@pytest.mark.parametrize("url", ["sqlite:///a:b@c.db", "postgresql://me@host/db", "nonsense"])
def test_a_url_without_password_is_not_refused(url):
    refuse_password(url)


def test_a_url_comes_back_without_its_password_and_opens(role):
    url = take_credentials(with_password(role))

    assert "canary" not in url
    assert opens(url)
    assert opens(role)  # another spelling of the same server and user


def test_the_password_of_the_environment_is_taken_out_and_used(role, monkeypatch):
    monkeypatch.setenv("PGPASSWORD", CANARY)

    url = take_credentials(role)

    assert "PGPASSWORD" not in os.environ
    assert opens(url)


def test_the_store_of_the_environment_stays_without_its_password(role, monkeypatch):
    monkeypatch.setenv("SEARCHER_STORE", with_password(role))

    url = take_credentials(with_password(role))

    assert os.environ["SEARCHER_STORE"] == url
    assert opens(os.environ["SEARCHER_STORE"])


def test_what_is_not_this_stores_is_taken_too(role, monkeypatch):
    monkeypatch.setenv("SEARCHER_STORE", with_password(role))
    monkeypatch.setenv("PGPASSWORD", CANARY)

    assert take_credentials("sqlite:///searcher.db") == "sqlite:///searcher.db"

    assert "canary" not in str(dict(os.environ))


def test_taking_twice_forgets_nothing(role, monkeypatch):
    monkeypatch.setenv("PGPASSWORD", CANARY)

    assert opens(take_credentials(take_credentials(role)))


def test_a_password_is_good_for_its_user_and_server_only():
    take_credentials("postgresql://me:canary@host/db")

    known = ("postgresql://me@host/other", "postgresql://me@elsewhere/db", "postgresql://you@host")
    assert [password_of(parse_url(url)) for url in known] == ["canary", None, None]


def test_the_password_file_is_left_to_the_driver(role, tmp_path, monkeypatch):
    file = tmp_path / "pgpass"
    escaped = CANARY.replace("\\", "\\\\").replace(":", "\\:")
    file.write_text(f"*:*:*:keeper:{escaped}\n")
    file.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(file))

    assert opens(take_credentials(role))


def test_a_child_inherits_nothing(role, monkeypatch):
    monkeypatch.setenv("SEARCHER_STORE", with_password(role))
    monkeypatch.setenv("PGPASSWORD", CANARY)
    take_credentials(with_password(role))

    said = subprocess.run(
        [sys.executable, "-c", "import os; print(dict(os.environ))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert "SEARCHER_STORE" in said
    assert "canary" not in said


def test_a_forgotten_password_is_not_in_what_the_memory_looks_like(role):
    take_credentials(with_password(role))

    assert "canary" not in repr(credentials._taken)


def test_a_broken_url_is_left_for_the_message_that_hides_it():
    broken = "postgresql://me:canary@host:port/db"

    assert take_credentials(broken) == broken
    with pytest.raises(StoreError) as refused:
        Store(broken)
    assert "canary" not in str(refused.value)
