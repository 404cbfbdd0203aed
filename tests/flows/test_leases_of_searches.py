"""One search has one driver, however many processes want it."""

import signal
import sqlite3

import pytest

from searcher.store import Store
from tests.afterwards import assert_whole, told
from tests.driven import TRIALS, Driver, Place, Undisturbed, failing, is_driven

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(1800)]

HELD, FAILED = 5, 1
ENDLESS_S = 1000.0


def suspended(place: Place, where: str) -> Driver:
    """Begin a search that suspends itself there, with a short lease."""
    driver = place.begin(**failing(f"{where}=stop@5"), SEARCHER_LEASE_S="4")
    driver.wait_until_stopped()
    return driver


def dump(place: Place) -> list[str]:
    """All that the store has, as text."""
    with sqlite3.connect(place.folder / "store.db") as connection:
        return list(connection.iterdump())


def test_two_searches_at_once_share_a_store(
    place: Place, another_ray: str, undisturbed: Undisturbed
) -> None:
    other = Place(place.cluster, place.folder / "other", place.url)
    other.folder.mkdir()

    drivers = place.begin(), other.begin(None, "--address", another_ray)
    ended = [driver.wait() for driver in drivers]

    assert [one.code for one in ended] == [0, 0], ended
    assert place.search_id != place.newest_id
    for search_id in (place.search_id, place.newest_id):
        assert_whole(place.url, search_id, trials=TRIALS)
        assert told(place.url, search_id) == undisturbed.found


def test_a_search_that_is_being_driven_is_not_driven_twice(place: Place) -> None:
    place.cluster.slow_down(ENDLESS_S)
    first = place.begin()
    try:
        place.wait_for_trials(1)  # the dummy, which is not slow
        refused = [
            place.go_on().wait(),
            place.start("extend", place.search_id, "--trials", "1").wait(),
        ]
    finally:
        place.cluster.slow_down(None)
        first.signal(signal.SIGKILL)
        first.wait()

    for ended in refused:
        assert ended.code == HELD
        assert f"is being driven by process {first.process.pid} on " in ended.err
        assert ", since 20" in ended.err
    with Store(place.url) as store:
        kinds = [event.kind for event in store.events(place.search_id)]
    assert "resumed" not in kinds
    assert "extended" not in kinds


def test_a_driver_that_wakes_up_after_another_took_over_writes_nothing(
    place: Place, another_ray: str, undisturbed: Undisturbed
) -> None:
    first = suspended(place, "driver.result_recorded")
    try:
        place.wait_until(lambda: not is_driven(place))
        place.finish("--address", another_ray)
        before = dump(place)
        first.signal(signal.SIGCONT)
        ended = first.wait()
    finally:
        first.signal(signal.SIGKILL)

    assert ended.code == FAILED
    assert f"the lease of search {place.search_id} is lost: it is held by process" in ended.err
    assert "nothing was written since" in ended.err
    assert dump(place) == before
    assert_whole(place.url, place.search_id, trials=TRIALS)
    assert told(place.url, place.search_id) == undisturbed.found


def test_a_driver_that_slept_longer_than_its_lease_ends_even_if_nobody_wants_it(
    place: Place, undisturbed: Undisturbed
) -> None:
    first = suspended(place, "driver.trial_ended")
    try:
        place.wait_until(lambda: not is_driven(place))
        before = dump(place)
        first.signal(signal.SIGCONT)
        ended = first.wait()
    finally:
        first.signal(signal.SIGKILL)

    assert ended.code == FAILED
    assert "this process was suspended for longer than it lasts" in ended.err
    assert f"`searcher resume {place.search_id}` goes on" in ended.err
    assert dump(place) == before
    place.finish()
    assert_whole(place.url, place.search_id, trials=TRIALS)
    assert told(place.url, place.search_id) == undisturbed.found
