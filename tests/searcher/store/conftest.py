"""A fresh store for each test, and one that is filled once, on both databases.

A test that takes ``url``, ``writer``, ``store`` or ``filled_url`` runs twice; one about files takes
``sqlite_url`` and runs once.
"""

import pytest

from searcher.store import Store, Writer
from tests.searcher.store.records_factory import fill, make_records


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def database(request):
    """The name of the database that a test runs on."""
    return request.param


@pytest.fixture
def sqlite_url(tmp_path):
    return f"sqlite:///{tmp_path / 'searcher.db'}"


@pytest.fixture
def url(request, database):
    """An empty place for a store."""
    wanted = "sqlite_url" if database == "sqlite" else "postgres_url"
    return request.getfixturevalue(wanted)


@pytest.fixture
def other_url(url, request, tmp_path):
    """One more empty place beside ``url``."""
    if url.startswith("sqlite"):
        yield f"sqlite:///{tmp_path / 'other.db'}"
        return
    server = request.getfixturevalue("postgres")
    made = server.create_database()
    yield made
    server.drop_database(made)


@pytest.fixture
def writer(url):
    with Writer(url) as open_writer:
        yield open_writer


@pytest.fixture(scope="session")
def filled_url(request, database, tmp_path_factory):
    """Four searches, one of each state; tests must not write here."""
    if database == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('store') / 'searcher.db'}"
    else:
        url = request.getfixturevalue("postgres").create_database()
    return fill(
        url,
        make_records("20260131-120000-a1b2c3"),
        make_records("20260131-130000-b2", name="running", state="running", seed=3),
        make_records("20260131-140000-c3", name="interrupted", state="interrupted"),
        make_records("20260131-150000-d4", name="failed", state="failed"),
    )


@pytest.fixture
def store(filled_url):
    with Store(filled_url) as open_store:
        yield open_store
