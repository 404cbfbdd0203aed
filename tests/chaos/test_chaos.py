"""Whatever dies, and whenever: the search ends as the undisturbed one.

Each run has a seed, which draws what happens to it. ``SEARCHER_CHAOS_RUNS`` says how many runs
there are (``make chaos``), ``SEARCHER_CHAOS_FIRST`` which seed is the first.
"""

import os
import random
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from searcher.store import Store
from tests.afterwards import assert_whole, told
from tests.driven import TRIALS, Cluster, Place, Undisturbed, failing
from tests.postgres import PostgresServer, need_postgres

RUNS = int(os.environ.get("SEARCHER_CHAOS_RUNS", "20"))
FIRST = int(os.environ.get("SEARCHER_CHAOS_FIRST", "1"))

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(1800)]

FITS = 25  # of the undisturbed search: more than that are never reached
MOST = {  # how often a search comes by, at least
    "driver.started": 1,
    "driver.proposed": 18,
    "driver.trial_recorded": 18,
    "driver.result_recorded": 54,
    "driver.trial_ended": 18,
    "driver.tuned": 1,
    "driver.chosen": 1,
    "driver.scored": 1,
    "driver.exported": 1,
    "writer.before_commit": 20,
    "writer.after_commit": 20,
}
ALWAYS_LIVES = {"writer.before_commit": 2, "writer.after_commit": 1}
"""Commits after which there is a search to resume: the first one begins it."""


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A server that may be killed."""
    need_postgres()
    with PostgresServer() as server:
        yield server


@pytest.fixture(params=range(FIRST, FIRST + RUNS))
def drawn(request: pytest.FixtureRequest) -> random.Random:
    """What decides about a run."""
    return random.Random(request.param)  # noqa: S311 - no secret


@pytest.fixture
def arena(
    cluster: Cluster,
    another_ray: str,
    server: PostgresServer,
    tmp_path: Path,
    drawn: random.Random,
) -> Iterator[Place]:
    """Where a run's search is kept: on either database."""
    url = server.create_database() if drawn.random() < 0.5 else ""
    made = Place(cluster, tmp_path, url, another_ray=another_ray)
    yield made
    made.tidy()
    if url:
        server.drop_database(url)


def somewhere(drawn: random.Random) -> tuple[str, int]:
    """Draw a failpoint, and the how-manieth time."""
    name = drawn.choice(list(MOST))
    first = ALWAYS_LIVES.get(name, 1)
    return name, drawn.randint(first, max(first, MOST[name]))


def kill_driver(place: Place, drawn: random.Random, server: PostgresServer) -> None:
    """SIGKILL at a failpoint; once more in the next attempt, now and then."""
    begun = False
    while True:
        name, count = somewhere(drawn)
        begin = place.go_on if begun else place.begin
        ended = begin(**failing(f"{name}=kill@{count}")).wait()
        assert ended.code in (-9, 0), (name, count, ended.err)
        begun = True
        if ended.code == 0 or drawn.random() < 0.7:
            return


def kill_workers(place: Place, drawn: random.Random, server: PostgresServer) -> None:
    """SIGKILL of a worker within a fit, or of several."""
    place.cluster.die_at(*drawn.sample(range(1, FITS), drawn.choice([1, 1, 2])))
    ended = place.begin().wait()
    assert ended.code == 0, ended.err


def kill_database(place: Place, drawn: random.Random, server: PostgresServer) -> None:
    """kill -9 of PostgreSQL, which starts again at once."""
    if not place.url.startswith("postgresql"):
        place.url = server.create_database()
    place.cluster.slow_down(0.05)
    driver = place.begin()
    place.wait_for_trials(drawn.randint(0, TRIALS - 4))
    server.kill()
    server.restart()
    ended = driver.wait()
    assert ended.code == 0, ended.err


def suspend_driver(place: Place, drawn: random.Random, server: PostgresServer) -> None:
    """SIGSTOP for longer than the lease; another one finishes the search; then SIGCONT."""
    name, count = somewhere(drawn)
    driver = place.begin(**failing(f"{name}=stop@{count}"), SEARCHER_LEASE_S="5")
    try:
        driver.wait_until_stopped()
        place.wait_until(lambda: not _is_driven(place))
        place.finish("--address", place.another_ray)
        driver.signal(signal.SIGCONT)
        ended = driver.wait()
    finally:
        driver.signal(signal.SIGKILL)
    assert ended.code == 1, (name, count, ended.err)
    assert f"the lease of search {place.search_id} is lost" in ended.err


FAULTS: tuple[Callable[[Place, random.Random, PostgresServer], None], ...] = (
    kill_driver,
    kill_driver,
    kill_workers,
    kill_database,
    suspend_driver,
)


def test_a_search_ends_as_the_undisturbed_one_whatever_dies(
    arena: Place, drawn: random.Random, server: PostgresServer, undisturbed: Undisturbed
) -> None:
    fault = drawn.choice(FAULTS)

    try:
        fault(arena, drawn, server)
        if arena.search.state != "completed":
            arena.finish()
    finally:
        arena.cluster.slow_down(None)

    assert_whole(arena.url, arena.search_id, trials=TRIALS)
    assert told(arena.url, arena.search_id) == undisturbed.found


def _is_driven(place: Place) -> bool:
    with Store(place.url) as store:
        standing = store.driver(place.search_id)
    return standing is not None and standing.live
