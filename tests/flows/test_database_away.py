"""A search outlives its database, and its database outlives it."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from searcher.records import FoldScore, SearchEnded
from searcher.store.spool import NAME, Spool
from tests.afterwards import ask, assert_whole, told
from tests.driven import TRIALS, Cluster, Place, Undisturbed, failing
from tests.postgres import PostgresServer, need_postgres

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(1800)]

FIT_S = 0.2  # so that the search is still at it when something happens to its database
AWAY_S = 6.0


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A server that tests may kill."""
    need_postgres()
    with PostgresServer() as server:
        yield server


@pytest.fixture
def far(cluster: Cluster, server: PostgresServer, tmp_path: Path) -> Iterator[Place]:
    """Where a test's own search is kept, on PostgreSQL; its fits take their time."""
    url = server.create_database()
    cluster.slow_down(FIT_S)
    yield Place(cluster, tmp_path, url)
    cluster.slow_down(None)
    server.drop_database(url)


def spooled(place: Place) -> list[FoldScore]:
    """Return the scores that are on disk only."""
    records = Spool(place.output / NAME).records()
    return [record for record in records if isinstance(record, FoldScore)]


def kept(place: Place, scores: list[FoldScore]) -> bool:
    """Whether the store has these scores, of these very fits."""
    found = ask(
        place.url,
        "SELECT f.trial_id, f.inner_fold, f.fit_s, f.cpu_s FROM fold_fits f JOIN trials t"
        " ON t.trial_id = f.trial_id WHERE t.search_id = '{id}'",
        place.search_id,
    )
    return {(s.trial_id, s.inner_fold, s.fit_s, s.cpu_s) for s in scores} <= set(found)


def test_a_search_goes_on_when_its_killed_database_is_back(
    far: Place, server: PostgresServer, undisturbed: Undisturbed
) -> None:
    before = far.cluster.fits
    driver = far.begin()
    far.wait_for_trials(2)

    server.kill()
    server.restart()
    far.wait_for_trials(5)
    server.kill()
    fits = far.cluster.fits
    time.sleep(AWAY_S)
    while_away = far.cluster.fits - fits
    server.restart()
    ended = driver.wait()

    assert ended.code == 0, ended.err
    assert while_away <= 3  # inner folds of the trial that was running
    assert "the store can't be written, so nothing new is proposed" in ended.err
    assert "the store is back" in ended.err
    assert not (far.output / NAME).exists()
    assert_whole(far.url, far.search_id, trials=TRIALS)
    assert told(far.url, far.search_id) == undisturbed.found
    assert far.cluster.fits - before == undisturbed.fits


def test_a_search_whose_database_stays_away_stops_and_can_be_resumed(
    far: Place, server: PostgresServer, undisturbed: Undisturbed
) -> None:
    before = far.cluster.fits
    driver = far.begin(SEARCHER_DATABASE_PATIENCE_S="4")
    far.wait_for_trials(3)
    search_id = far.search_id

    server.kill()
    ended = driver.wait()
    scores = spooled(far)
    server.restart()
    far.finish()

    assert ended.code == 1
    assert "it was away for " in ended.err
    assert f"`searcher resume {search_id}` goes on once it is back" in ended.err
    assert scores
    assert kept(far, scores)
    assert not (far.output / NAME).exists()
    assert_whole(far.url, search_id, trials=TRIALS)
    assert told(far.url, search_id) == undisturbed.found
    assert far.cluster.fits - before <= undisturbed.fits + 1


def test_a_driver_killed_while_its_database_is_away_loses_nothing_it_had_on_disk(
    far: Place, server: PostgresServer, undisturbed: Undisturbed
) -> None:
    before = far.cluster.fits
    driver = far.begin(**failing("writer.spooled=kill@3"))
    far.wait_for_trials(3)
    search_id = far.search_id

    server.kill()
    ended = driver.wait()
    scores = spooled(far)
    server.restart()
    far.finish()

    assert ended.code == -9, ended.err
    assert scores
    assert kept(far, scores)
    assert_whole(far.url, search_id, trials=TRIALS)
    assert told(far.url, search_id) == undisturbed.found
    assert far.cluster.fits - before <= undisturbed.fits + 1


def test_ctrl_c_is_heard_while_the_database_is_away(
    far: Place, server: PostgresServer, undisturbed: Undisturbed
) -> None:
    driver = far.begin()
    far.wait_for_trials(2)

    server.kill()
    far.wait_until((far.output / NAME).exists)
    driver.signal(signal.SIGINT)
    ended = driver.wait(30.0)  # what is promised
    server.restart()
    far.finish()

    assert ended.code == 130, ended.err
    assert_whole(far.url, far.search_id, trials=TRIALS)
    assert told(far.url, far.search_id) == undisturbed.found


def test_an_end_that_is_on_disk_only_is_kept_by_a_resume(
    far: Place, server: PostgresServer, undisturbed: Undisturbed
) -> None:
    driver = far.begin(**failing("driver.exported=stop"))
    driver.wait_until_stopped()
    search_id = far.search_id

    server.kill()
    driver.signal(signal.SIGCONT)
    spool = Spool(far.output / NAME)
    far.wait_until(lambda: any(isinstance(record, SearchEnded) for record in spool.records()))
    driver.signal(signal.SIGKILL)
    driver.wait()
    server.restart()
    ended = far.go_on().wait()

    assert ended.code == 0, ended.err
    assert (far.output / "report.html").is_file()
    assert_whole(far.url, search_id, trials=TRIALS)
    assert told(far.url, search_id) == undisturbed.found
