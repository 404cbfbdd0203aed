"""A full search on either database, and an empty place on the other one."""

import pytest

from tests.searcher.store.records_factory import fill, make_records

SEARCH = "churn-1a2b3c"


@pytest.fixture
def opposite_url(request, database, tmp_path):
    """An empty place on the database that ``url`` is not on."""
    if database == "sqlite":
        return request.getfixturevalue("postgres_url")
    return f"sqlite:///{tmp_path / 'opposite.db'}"


@pytest.fixture
def filled(url):
    """A store with one search that has everything, and one that is running."""
    return fill(
        url,
        make_records(SEARCH),
        make_records("busy-77", name="busy", state="running", seed=3),
    )


@pytest.fixture
def server_programs(request, monkeypatch):
    """Put the programs of the test server's version on the PATH."""
    server = request.getfixturevalue("postgres")
    monkeypatch.setenv("PATH", f"{server._programs}:/usr/bin:/bin")
