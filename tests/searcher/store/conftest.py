"""A fresh store for each test, and one that is filled once."""

import pytest

from searcher.store import Store, Writer
from tests.searcher.store.records_factory import fill, make_records


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'searcher.db'}"


@pytest.fixture
def writer(url):
    with Writer(url) as open_writer:
        yield open_writer


@pytest.fixture(scope="session")
def filled_url(tmp_path_factory):
    """Four searches, one of each state; tests must not write here."""
    return fill(
        f"sqlite:///{tmp_path_factory.mktemp('store') / 'searcher.db'}",
        make_records("20260131-120000-a1b2c3"),
        make_records("20260131-130000-b2", name="running", state="running", seed=3),
        make_records("20260131-140000-c3", name="interrupted", state="interrupted"),
        make_records("20260131-150000-d4", name="failed", state="failed"),
    )


@pytest.fixture
def store(filled_url):
    with Store(filled_url) as open_store:
        yield open_store
