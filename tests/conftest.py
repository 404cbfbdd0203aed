"""Fixtures that every test may use."""

import math
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from cluster.session import Session, connect
from tests.driven import another_ray, cluster, place, undisturbed  # noqa: F401  (asked for by name)
from tests.forked_workers import forked_workers, use_forked_workers
from tests.lacking import lacks
from tests.postgres import postgres, postgres_url  # noqa: F401

SHARED = Path(__file__).resolve().parents[2] / "shared"

SLOW_IN_SUM = (
    "benchmarks",
    "contracts",
    "deployment",
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
    "searcher/racing",
    "searcher/stepwise",
    "searcher/store",
    "searcher/strategies",
    "searcher/test_comparison.py",
    "searcher/test_fitting.py",
    "searcher/test_lockstep.py",
    "searcher/tuning",
    "search_spaces/test_imports.py",
    "k8s",
    "test_postgres.py",
)
"""Folders whose tests are quick one by one, but not all together: `make check` leaves them out."""

IDLE_S = 20.0

TOGETHER = {
    "searches that die": (
        "flows/test_database_away.py",
        "flows/test_extend_and_fork.py",
        "flows/test_interrupt.py",
        "flows/test_leases_of_searches.py",
        "flows/test_lost_workers.py",
        "flows/test_resume.py",
        "test_forked.py",
    ),
    "nodes that die": (
        "flows/test_networks.py",
        "flows/test_nodes.py",
        "flows/test_submit.py",
    ),
    "chaos": ("chaos/",),
    "one worker": (
        "flows/test_clustering.py",
        "flows/test_leakage.py",
        "flows/test_outer_predictions.py",
        "flows/test_search.py",
        "flows/test_texts.py",
        "searcher/estimator/test_sklearn_checks.py",
    ),
    "two workers": (
        "cluster/",
        "searcher/cli/test_run.py",
        "searcher/estimator/test_nested_search.py",
        "searcher/test_refit.py",
        "searcher/tuning/",
    ),
    "readme": ("docs/test_readme.py",),
    "contracts": ("contracts/",),
}
"""What shares a Ray, or takes long: kept in one process, and begun in this order before the rest,
so that no process is left alone with it at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of those folders as slow, and bring what takes long to the front."""
    folders = [Path(__file__).parent / name for name in SLOW_IN_SUM]
    for item in items:
        if any(item.path.is_relative_to(folder) for folder in folders):
            item.add_marker(pytest.mark.slow)
        if _needs_a_server(item):
            item.add_marker(pytest.mark.slow)
    order = {group: n for n, group in enumerate(TOGETHER)}
    items.sort(key=lambda item: order.get(group_of(item.nodeid), len(order)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Make of ``--dist loadfile`` one that keeps ``TOGETHER`` together.

    xdist's own groups (3.8) are lost on pytest 9.2, which keeps the ids of tests elsewhere.
    """
    if config.getoption("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class Grouped(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return group_of(nodeid)

    return Grouped(config, log)


def group_of(nodeid: str) -> str:
    """The tests that one process runs: those that are kept together, else those of a file."""
    path = nodeid.split("::", maxsplit=1)[0].removeprefix("tests/")
    return next((name for name, paths in TOGETHER.items() if path.startswith(paths)), path)


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
        lacks(message)
    return path


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real datasets: ``<name>.csv.gz`` and ``datasets.json``."""
    return _shared("data")


class LocalRay:
    """The local Ray of this process, which is closed when no module has used it for a while.

    An idle one takes three per cent of a core.
    """

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._session: Session | None = None
        self._left_at = math.inf

    def enter(self, cores: int) -> Session:
        """Start it with so many cores, unless it has them already."""
        if self._session is None or self._session.cpus != cores:
            self.close()
            self._session = self._stack.enter_context(connect(cpus=cores))
            assert self._session.cpus == cores, "a test has left its own Ray behind"
        self._left_at = math.inf
        return self._session

    def leave(self) -> None:
        """Say that a module needs it no longer."""
        self._left_at = monotonic()

    def close_if_idle(self) -> None:
        """Close it if nobody has come for a while."""
        if monotonic() - self._left_at > IDLE_S:
            self.close()

    def close(self) -> None:
        """Leave nothing of it behind."""
        self._stack.close()
        self._session, self._left_at = None, math.inf


LOCAL_RAY = LocalRay()


def pytest_runtest_setup() -> None:
    """Close a Ray that nobody uses."""
    LOCAL_RAY.close_if_idle()


@pytest.fixture(scope="session")
def local_ray() -> Iterator[LocalRay]:
    """Give the local Ray of this process."""
    with forked_workers() as variables:
        use_forked_workers()
        os.environ.update(variables)
        yield LOCAL_RAY
        LOCAL_RAY.close()


@pytest.fixture(scope="module")
def ray_session(local_ray: LocalRay) -> Iterator[Session]:
    """A local Ray with two cores, shared by all tests that need two workers at once."""
    yield local_ray.enter(2)
    local_ray.leave()


@pytest.fixture(scope="module")
def one_worker(local_ray: LocalRay) -> Iterator[Session]:
    """A local Ray with one core, shared by all other tests: half as many workers to start."""
    yield local_ray.enter(1)
    local_ray.leave()
