"""Fixtures that every test may use."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster.session import Session
from tests.driven import cluster, place, undisturbed  # noqa: F401  (fixtures are asked for by name)
from tests.postgres import postgres, postgres_url  # noqa: F401

SHARED = Path(__file__).resolve().parents[2] / "shared"

SLOW_IN_SUM = (
    "benchmarks",
    "contracts",
    "search_spaces/families",
    "search_spaces/networks",
    "searcher/estimator",
    "searcher/test_data_shapes.py",
    "searcher/training",
    "searcher/export/emitters",
    "searcher/export/gate",
    "searcher/export/networks",
    "searcher/export/test_eight_bits.py",
    "searcher/preflight",
    "searcher/report",
    "searcher/cli/test_transfer.py",
    "searcher/store/test_checkpoints.py",
    "searcher/store/test_deletion.py",
    "searcher/store/test_questions.py",
    "searcher/store/test_retention.py",
    "searcher/store/test_streams.py",
    "searcher/store/test_lifecycle_machine.py",
    "searcher/store/transfer",
    "searcher/strategies/test_bohb.py",
    "searcher/strategies/test_recall.py",
    "searcher/test_comparison.py",
    "test_postgres.py",
)
"""Folders whose tests are quick one by one, but not all together: `make check` leaves them out."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of those folders as slow."""
    folders = [Path(__file__).parent / name for name in SLOW_IN_SUM]
    for item in items:
        if any(item.path.is_relative_to(folder) for folder in folders):
            item.add_marker(pytest.mark.slow)
        if _needs_a_server(item):
            item.add_marker(pytest.mark.slow)


def _needs_a_server(item: pytest.Item) -> bool:
    """Whether a test runs on PostgreSQL; `make check` is content with SQLite."""
    callspec = getattr(item, "callspec", None)
    fixtures = set(getattr(item, "fixturenames", ()))
    asked = None if callspec is None else callspec.params.get("database")
    return asked == "postgresql" or bool(fixtures & {"postgres", "postgres_url"})


def _shared(part: str) -> Path:
    path = SHARED / part
    if not path.exists():
        message = f"{part} is not beside the repository (looked in ../shared)"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return path


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real datasets: ``<name>.csv.gz`` and ``datasets.json``."""
    return _shared("data")


@pytest.fixture(scope="session")
def ray_session() -> Iterator[Session]:
    """A local Ray with two cores, shared by all tests that need one."""
    from cluster.session import connect

    with connect(cpus=2) as session:
        yield session
